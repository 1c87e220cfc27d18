# libiova: filled in by its own folder
