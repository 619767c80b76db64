/* main.c: the program's entry: hands the words of the command line to app_main. */
#include "app/app.h"

int
main(int argc, char **argv)
{
    return app_main(argc, argv);
}
