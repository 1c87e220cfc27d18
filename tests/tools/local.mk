# the installed programs
TESTS += tests/tools/dump.sh
EXTRA_DIST += tests/tools/dump.sh tests/tools/walk_image.py
TESTS += tests/tools/iova_dump.sh
EXTRA_DIST += tests/tools/iova_dump.sh
