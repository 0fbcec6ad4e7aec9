#include "schema/error.h"

G_DEFINE_QUARK(tlstriage - error - quark, tlstriage_error)
