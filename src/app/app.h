/* app.h: the program as a whole: command line, start and stop. */
#ifndef APP_APP_H
#define APP_APP_H

/* Runs one command; returns the process's exit code. */
int app_main(int argc, char **argv);

#endif
