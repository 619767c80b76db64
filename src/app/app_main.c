/* app_main.c: commands of the program. */
#include "app/app.h"

int
app_main(int argc, char **argv)
{
    (void)argv;
    return argc > 0 ? 0 : 1;
}
