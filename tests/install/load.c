/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * load.c FILE SYMBOL: a program that knows nothing of our libraries loads one, as a
 * plugin host or a language binding does, looks a function up and unloads it again.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *lib;

	if (argc != 3)
		return 2;
	for (int i = 0; i < 3; i++) {
		lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
		if (!lib || !dlsym(lib, argv[2])) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		if (dlclose(lib))
			return 1;
	}
	return 0;
}
