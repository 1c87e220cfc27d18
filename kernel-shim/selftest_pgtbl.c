#include "selftest.h"
void st_pgtbl(void)
{
}
