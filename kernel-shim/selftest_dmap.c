#include "selftest.h"
void st_dmap(void)
{
}
