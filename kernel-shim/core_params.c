// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * core_params.c - the project's modules refuse parameters that they do not have.
 *
 * The kernel loads a module whose parameters are misspelt, with a warning and
 * with defaults: "mode=" mistyped would silently be another mode.  It announces
 * a module before it parses the parameters, and an announcement may be refused.
 */
#include "plat_kernel.h"

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>

/* What the kernel takes out for itself, of any module. */
static const char *const kernels_own[] = { "async_probe", "dyndbg" };

/* As the kernel compares names: '-' and '_' are the same. */
static bool is_name(const char *text, size_t len, const char *name)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((text[i] == '-' ? '_' : text[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	}
	return !name[len];
}

static bool known(const struct module *mod, const char *text, size_t len)
{
	unsigned int i;

	for (i = 0; i < mod->num_kp; i++) {
		if (is_name(text, len, mod->kp[i].name))
			return true;
	}
	for (i = 0; i < ARRAY_SIZE(kernels_own); i++) {
		if (is_name(text, len, kernels_own[i]))
			return true;
	}
	return false;
}

/* The end of the word at @text; spaces inside quotes belong to it. */
static const char *word_end(const char *text)
{
	bool quoted = false;

	for (; *text && (quoted || !isspace(*text)); text++)
		quoted ^= *text == '"';
	return text;
}

static int check_args(const struct module *mod)
{
	const char *text = skip_spaces(mod->args), *end;
	size_t len;

	for (; *text; text = skip_spaces(end)) {
		end = word_end(text);
		text += *text == '"';
		len = strcspn(text, "= \t\n\"");
		if (len == 2 && !memcmp(text, "--", 2))
			break;
		if (known(mod, text, len))
			continue;
		pr_err("%s: unknown parameter '%.*s'\n", mod->name, (int)len, text);
		return -EINVAL;
	}
	return 0;
}

static int announced(struct notifier_block *nb, unsigned long what, void *data)
{
	const struct module *mod = data;

	if (what != MODULE_STATE_COMING || strncmp(mod->name, "iova_", 5))
		return NOTIFY_DONE;
	return notifier_from_errno(check_args(mod));
}

static struct notifier_block params_notifier = { .notifier_call = announced };

int core_params_init(void)
{
	return register_module_notifier(&params_notifier);
}

void core_params_exit(void)
{
	unregister_module_notifier(&params_notifier);
}
