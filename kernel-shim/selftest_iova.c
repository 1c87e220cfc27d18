#include "selftest.h"
void st_iova(void)
{
}
