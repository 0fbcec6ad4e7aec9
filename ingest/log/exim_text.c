#include "ingest/log/exim_text.h"
#include "ingest/log/exim_private.h"

struct exim_texts {
    struct exim exim; /* of which the reasons are used only */
};

struct exim_texts *exim_texts_new(void)
{
    struct exim_texts *texts = g_new0(struct exim_texts, 1);

    exim_open_reasons(&texts->exim);
    return texts;
}

void exim_texts_free(struct exim_texts *texts)
{
    if (texts == NULL)
        return;
    exim_close_reasons(&texts->exim);
    g_free(texts);
}

/* Appended to the reason when the last retry is over. */
static struct span without_expiry(struct span text)
{
    static const char expiry[] = ": retry timeout exceeded";
    const char *at = span_find(text, expiry);

    return at != NULL ? span_of(text.at, (size_t)(at - text.at)) : text;
}

bool exim_texts_judge(struct exim_texts *texts, struct span text, enum log_detail *detail,
                      enum result_type *result, enum failure_type *failure)
{
    struct exim_finding finding;
    struct log_event event = {0};

    if (!exim_read_reason(&texts->exim, without_expiry(text), &finding))
        return false;
    exim_put_finding(&event, &finding);
    *detail = event.detail;
    *result = event.result_type;
    *failure = event.failure_type;
    return true;
}
