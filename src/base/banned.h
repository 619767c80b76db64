/* banned.h: force-included in every file; calls that have a safer twin in base/ or sys/ do not
 * compile. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H
/* System headers first: poisoning must not hit their declarations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>
/* libpq's macro atooid names a poisoned word */
#if __has_include(<postgres_ext.h>)
#include <postgres_ext.h>
#endif

#ifndef BASE_BANNED_OFF
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll atof
#pragma GCC poison strtol strtoul strtoll strtoull sscanf localtime gmtime mktime ctime asctime
/* Not poisoned as words, because OpenSSL's headers name parameters so; clang refuses the attribute
 * on a second declaration, gcc builds are the guard. */
#ifndef __clang__
extern int rand(void) __attribute__((error("use sys_random_bytes")));
extern void srand(unsigned seed) __attribute__((error("use sys_random_seed")));
#endif
#endif
#endif
