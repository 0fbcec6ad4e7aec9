/* Shared by what writes JSON. */
#ifndef REPORT_OVERVIEW_JSON_PRIVATE_H
#define REPORT_OVERVIEW_JSON_PRIVATE_H

#include "report/overview.h"
#include <jansson.h>

/* The members arrived, unreadable, not_ours, signature_failed. */
void overview_json_set(json_t *object, const struct overview *overview);

#endif
