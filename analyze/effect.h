/* What a failed session did to the mail (RFC 7672, RFC 8461 section 5, RFC 3207). */
#ifndef ANALYZE_EFFECT_H
#define ANALYZE_EFFECT_H

#include "analyze/classify.h"

enum mail_effect effect_of(enum failure_type type, enum policy_type policy_type, enum sts_mode mode,
                           enum dialect dialect);

#endif
