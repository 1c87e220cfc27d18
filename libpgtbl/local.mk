# libpgtbl: filled in by its own folder
