/* Shared by what writes JSON. */
#ifndef REPORT_JSON_DMARC_PRIVATE_H
#define REPORT_JSON_DMARC_PRIVATE_H

#include "analyze/dmarc_sum.h"
#include <jansson.h>

/* The list of domains; empty where no report came. */
json_t *json_dmarc(const struct dmarc_set *set);

#endif
