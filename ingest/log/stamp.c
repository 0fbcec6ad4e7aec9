#include "ingest/log/stamp.h"

#define STAMP_BYTES 40
#define SECONDS_MAX 99999999999.0 /* in the year 5138 */
#define MILLISECONDS_MAX 99999999999999.0

bool stamp_of_number(double number, gint64 *at)
{
    if (!(number > 0 && number <= MILLISECONDS_MAX))
        return false;
    *at = (gint64)(number > SECONDS_MAX ? number / 1000 : number);
    return true;
}

/* "MM/DD/YYYY" into "YYYY-MM-DD", in place. */
static void turn_round(char *text)
{
    char date[11];

    if (strlen(text) < 10 || text[2] != '/' || text[5] != '/')
        return;
    date[0] = text[6];
    date[1] = text[7];
    date[2] = text[8];
    date[3] = text[9];
    date[4] = date[7] = '-';
    date[5] = text[0];
    date[6] = text[1];
    date[8] = text[3];
    date[9] = text[4];
    memcpy(text, date, 10);
}

static bool is_number(struct span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!g_ascii_isdigit(text.at[i]) && !(text.at[i] == '.' && i > 0))
            return false;
    return text.length >= 9;
}

bool stamp_read(struct span text, gint64 *at)
{
    g_autoptr(GDateTime) time = NULL;
    g_autoptr(GTimeZone) utc = NULL;
    char copy[STAMP_BYTES];

    if (text.length < 9 || text.length >= sizeof copy || memchr(text.at, '\0', text.length) != NULL)
        return false;
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    if (is_number(text))
        return stamp_of_number(g_ascii_strtod(copy, NULL), at);
    turn_round(copy);
    utc = g_time_zone_new_utc();
    time = g_date_time_new_from_iso8601(copy, utc);
    if (time == NULL)
        return false;
    *at = g_date_time_to_unix(time);
    return *at > 0;
}
