/* exchange.h: calls to other systems asked for by processes; today simulated services of the demo
 * answer. */
#ifndef ENGINE_EXCHANGE_EXCHANGE_H
#define ENGINE_EXCHANGE_EXCHANGE_H

#include "store/jobs.h"

/* "exchange.call" {"dossier","service"} is answered by "exchange.answer"
 * {"dossier","service","name","value"}. */
extern const struct jobs_topic exchange_topics[];

#endif
