/* account_device.c: browser and system out of a User-Agent, in words by which people know their own
 * devices. Whatever it says is only shown, never trusted. */
#include "office/account/account_int.h"

#define PROGRAM_MAX 24

struct mark {
    const char *mark, *name;
};

/* The first that is found: those that also carry the marks of others stand before them. */
static const struct mark browsers[] = {
    { "Zalo", "Zalo" },     { "coc_coc", "Cốc Cốc" }, { "SamsungBrowser", "Samsung Internet" },
    { "Edg", "Edge" },      { "OPR/", "Opera" },      { "UCBrowser", "UC Browser" },
    { "FxiOS", "Firefox" }, { "Firefox", "Firefox" }, { "CriOS", "Chrome" },
    { "Chrome", "Chrome" }, { "Safari", "Safari" },
};
static const struct mark systems[] = {
    { "Android", "Android" }, { "iPhone", "iPhone" }, { "iPad", "iPad" },
    { "Windows", "Windows" }, { "CrOS", "ChromeOS" }, { "Macintosh", "macOS" },
    { "KAIOS", "KaiOS" },     { "Linux", "Linux" },
};

static struct str
named(struct str agent, const struct mark *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_find(agent, str_of(v[i].mark)) < agent.n) {
            return str_of(v[i].name);
        }
    }
    return STR_NULL;
}

/* "curl" of "curl/7.88.1": letters, digits and - only. */
static struct str
program(struct str agent)
{
    size_t n = 0;
    while (n < agent.n && n < PROGRAM_MAX &&
           ((agent.p[n] >= 'a' && agent.p[n] <= 'z') || (agent.p[n] >= 'A' && agent.p[n] <= 'Z') ||
            (agent.p[n] >= '0' && agent.p[n] <= '9') || agent.p[n] == '-')) {
        n++;
    }
    return str_slice(agent, 0, n);
}

struct str
account_device(struct ctx *cx, struct str agent)
{
    struct str browser = named(agent, browsers, COUNT_OF(browsers));
    struct str system = named(agent, systems, COUNT_OF(systems));
    if (browser.p != NULL && system.p != NULL) {
        return text_fill(cx, "account.device", "browser", browser, "system", system, NULL);
    }
    if (browser.p != NULL) {
        return browser;
    }
    if (system.p != NULL) {
        return text_fill(cx, "account.device", "browser", text(cx, "account.device_browser"),
                         "system", system, NULL);
    }
    struct str name = program(agent);
    return name.n == 0 ? text(cx, "account.device_other")
                       : text_fill(cx, "account.device_program", "name", name, NULL);
}
