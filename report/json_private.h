/* Shared by what writes a digest as JSON. */
#ifndef REPORT_JSON_PRIVATE_H
#define REPORT_JSON_PRIVATE_H

#include "analyze/knowledge.h"
#include "report/digest.h"
#include <jansson.h>

void json_set(json_t *object, const char *key, json_t *value);         /* takes the value */
void json_set_text(json_t *object, const char *key, const char *text); /* null for NULL */
void json_set_number(json_t *object, const char *key, int64_t number);
void json_set_bool(json_t *object, const char *key, bool value);
void json_set_day(json_t *object, const char *key, int64_t at);
void json_set_time(json_t *object, const char *key, int64_t at);

json_t *json_texts(const GPtrArray *texts);
/* A list with one object, made by `one`, for each element. */
json_t *json_list(const GPtrArray *elements, json_t *(*one)(gconstpointer element));
json_t *json_count(gconstpointer element); /* of a struct fault_count */

/* {section: [{kind, text}]} */
json_t *json_knowledge(const char *word, const enum knowledge_section *sections, size_t count,
                       const struct knowledge_facts *facts);

/* The member outbound: null where no log was ever read. */
json_t *json_outbound(const struct digest *digest);

#endif
