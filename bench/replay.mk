# bench/replay: filled in by its own fragment
