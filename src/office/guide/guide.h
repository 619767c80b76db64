/* guide.h: the user's guide of doc/guide, read inside the product at /huong-dan. */
#ifndef OFFICE_GUIDE_GUIDE_H
#define OFFICE_GUIDE_GUIDE_H

#include "web/web.h"

/* One guide as tools/guidegen.py took it in: Markdown in Vietnamese, without pictures. The first
 * page has the name "". */
struct guide_text {
    struct str name, title, markdown;
};
extern const struct guide_text guide_texts[];
extern const size_t guide_texts_n;

extern const struct web_routes guide_routes;

#endif
