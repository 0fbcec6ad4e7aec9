#include "ingest/log/envelope_private.h"

#define DAY 86400
#define YEAR_FIRST 1970
#define YEAR_LAST 9999
/* Clocks are wrong and zones unknown: a stamp this much after the file's time is still of then. */
#define SLACK DAY
/* Lines of one New Year that come in the wrong order are not further apart. */
#define SWAP_DAYS 3
#define SLEEP_MONTHS 4 /* that a log may be silent, over New Year too */
#define LEAP_SEARCH 8  /* years between two 29 February, at most */

/* What a stamp says, before years and zones are known. */
struct civil {
    int year;
    int month;
    int day;
    int clock; /* seconds of the day */
};

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970; years that begin in March need no table. */
static gint64 days_of_civil(int year, int month, int day)
{
    gint64 y = year - (month <= 2);
    gint64 era = y / 400;
    gint64 year_of_era = y - era * 400;
    gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int year_of_seconds(gint64 seconds)
{
    int year = (int)(seconds / DAY / 366) + YEAR_FIRST;

    while (year <= YEAR_LAST && days_of_civil(year + 1, 1, 1) * DAY <= seconds)
        year++;
    return year;
}

static inline int two_digits(const char *at)
{
    unsigned tens = (unsigned char)at[0] - '0', ones = (unsigned char)at[1] - '0';

    return tens <= 9 && ones <= 9 ? (int)(tens * 10 + ones) : -1;
}

/* "HH:MM:SS" in seconds; -1 where it is none. */
static inline int clock_of(const char *at)
{
    int hours = two_digits(at), minutes = two_digits(at + 3), seconds = two_digits(at + 6);

    if ((hours | minutes | seconds) < 0 || at[2] != ':' || at[5] != ':')
        return -1;
    if (hours > 23 || minutes > 59 || seconds > 60)
        return -1;
    return hours * 3600 + minutes * 60 + seconds;
}

static bool is_end(struct span text, size_t at)
{
    return at == text.length || (at < text.length && (text.at[at] == ' ' || text.at[at] == '\t'));
}

/*
 * Of a local time that comes twice, the one in standard time: the same each time it is read. One
 * that does not come at all goes on in the time before, so that its seconds stay apart.
 */
static int offset_at(GTimeZone *zone, gint64 local)
{
    gint64 found = local;
    int interval = g_time_zone_adjust_time(zone, G_TIME_TYPE_STANDARD, &found);

    return g_time_zone_get_offset(zone, found == local ? interval : interval - 1);
}

static gint64 utc_of(struct envelope_time *time, gint64 local)
{
    gint64 day = local / DAY;

    if (day != time->zone_day) {
        time->zone_day = day;
        time->zone_offset = offset_at(time->zone, day * DAY);
        time->zone_steady = offset_at(time->zone, day * DAY + DAY - 1) == time->zone_offset;
    }
    return local - (time->zone_steady ? time->zone_offset : offset_at(time->zone, local));
}

/* Years */

static bool is_swap(const struct envelope_years *years, int month, int day)
{
    return years->month == 1 && month == 12 && years->day + 31 - day <= SWAP_DAYS;
}

/*
 * Whether a year begins with the next stamp: a log that sleeps may miss December or January. A line
 * that comes late after New Year moves nothing.
 */
static void years_step(struct envelope_years *years, int month, int day)
{
    if (is_swap(years, month, day))
        return;
    if (years->month - month >= 12 - SLEEP_MONTHS)
        years->year++;
    years->month = month;
    years->day = day;
}

static void years_to_leap(struct envelope_years *years)
{
    for (int i = 0; i < LEAP_SEARCH && !is_leap(years->year); i++)
        years->year--;
}

/* The latest year that puts the stamp not after the limit. */
static int year_by_limit(struct envelope_time *time, const struct civil *civil)
{
    int year = year_of_seconds(time->limit) + 1;

    for (int i = 0; i <= LEAP_SEARCH; i++, year--) {
        if (civil->day > days_of_month(year, civil->month))
            continue;
        gint64 days = days_of_civil(year, civil->month, civil->day);
        if (utc_of(time, days * DAY + civil->clock) <= time->limit)
            return year;
    }
    return year;
}

static bool is_future(struct envelope_time *time, int year, const struct civil *civil)
{
    return utc_of(time, days_of_civil(year, civil->month, civil->day) * DAY) > time->limit;
}

/* Lines in no order at all, as somebody collected them, must not run off into the future. */
static void years_go_on(struct envelope_time *time, const struct civil *civil)
{
    struct envelope_years *years = &time->years;
    int months = civil->month - years->month;

    years_step(years, civil->month, civil->day);
    if (!time->looked && months >= SLEEP_MONTHS && years->month == civil->month &&
        is_future(time, years->year, civil))
        years->year--;
}

static int year_of(struct envelope_time *time, const struct civil *civil)
{
    struct envelope_years *years = &time->years;

    if (years->begun) {
        years_go_on(time, civil);
    } else {
        if (!time->looked)
            years->year = year_by_limit(time, civil);
        *years = (struct envelope_years){true, years->year, civil->month, civil->day};
    }
    if (civil->month == 2 && civil->day == 29)
        years_to_leap(years);
    return years->year - is_swap(years, civil->month, civil->day);
}

/* Months */

/* The latest month whose day of this number is not after the limit. */
static int month_by_limit(const struct envelope_time *time, int day)
{
    int year = year_of_seconds(time->limit), month = 12;

    for (int i = 0; i < 24; i++) {
        if (day <= days_of_month(year, month) &&
            days_of_civil(year, month, day) * DAY <= time->limit)
            return month;
        year -= month == 1;
        month = month == 1 ? 12 : month - 1;
    }
    return month;
}

static bool is_foreign(struct span word)
{
    for (size_t i = 0; i < word.length; i++)
        if ((unsigned char)word.at[i] >= 0x80)
            return true;
    return false;
}

/*
 * A month in a language that we do not know: the next when the word changes; of the first, the
 * file's time must tell.
 */
static int month_of(struct envelope_time *time, struct span text, int day)
{
    int month = text.length == 3 ? envelope_month_english(text.at) : 0;

    if (month != 0 || text.length > ENVELOPE_WORD_BYTES)
        return month;
    for (int i = 0; i < 12; i++) {
        const struct envelope_word *word = &time->words[i];
        if (word->length == text.length && memcmp(word->at, text.at, text.length) == 0)
            return i + 1;
    }
    month = envelope_month_find(text);
    if (month == 0 && is_foreign(text))
        month = time->word_month != 0 ? time->word_month % 12 + 1 : month_by_limit(time, day);
    if (month == 0)
        return 0;
    memcpy(time->words[month - 1].at, text.at, text.length);
    time->words[month - 1].length = text.length;
    time->word_month = month;
    return month;
}

/* Forms */

/* Blanks at `*at`; true where there was one. */
static bool skip_blanks(struct span text, size_t *at)
{
    size_t first = *at;

    while (*at < text.length && text.at[*at] == ' ')
        ++*at;
    return *at > first;
}

/* A number of at most `most` digits at `*at`; -1 where there is none. */
static int take_number(struct span text, size_t *at, size_t most)
{
    size_t first = *at;
    int number = 0;

    while (*at < text.length && *at - first < most && g_ascii_isdigit(text.at[*at]))
        number = number * 10 + (text.at[(*at)++] - '0');
    return *at == first ? -1 : number;
}

static void skip_fraction(struct span text, size_t *at)
{
    size_t digits = *at + 1;

    if (*at >= text.length || (text.at[*at] != '.' && text.at[*at] != ','))
        return;
    while (digits < text.length && g_ascii_isdigit(text.at[digits]))
        digits++;
    if (digits > *at + 1)
        *at = digits;
}

static int take_clock(struct span text, size_t *at)
{
    int clock = text.length - *at >= 8 ? clock_of(text.at + *at) : -1;

    if (clock < 0)
        return -1;
    *at += 8;
    skip_fraction(text, at);
    return clock;
}

/* A year of its own, as routers write it: "Mar  1 2026 00:00:01", "Mar  1 00:00:01 2026". */
static int take_year(struct span text, size_t *at)
{
    size_t here = *at;
    int year = take_number(text, &here, 4);

    if (year < YEAR_FIRST || here - *at != 4 || !is_end(text, here))
        return 0;
    *at = here;
    return year;
}

static size_t month_word(struct span text)
{
    size_t length = 0;

    while (length < text.length && length < ENVELOPE_WORD_BYTES && text.at[length] != ' ')
        length++;
    return length;
}

/* "Mar  1 00:00:01" in all its ways; the time is in `civil`, the year 0 where it has none. */
static size_t read_month_form(struct envelope_time *time, struct span text, struct civil *civil)
{
    size_t word = month_word(text), at = word, after;

    if (word < 2 || !skip_blanks(text, &at))
        return 0;
    *civil = (struct civil){.day = take_number(text, &at, 2)};
    if (civil->day < 1 || civil->day > 31 || !skip_blanks(text, &at))
        return 0;
    civil->year = take_year(text, &at);
    skip_blanks(text, &at);
    civil->clock = take_clock(text, &at);
    if (civil->clock < 0 || !is_end(text, at))
        return 0;
    civil->month = month_of(time, span_of(text.at, word), civil->day);
    if (civil->month == 0 || civil->day > days_of_month(2000, civil->month))
        return 0;
    after = at;
    if (civil->year == 0 && skip_blanks(text, &after))
        civil->year = take_year(text, &after);
    return civil->year != 0 && after > at ? after : at;
}

static bool take_month_form(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    struct civil civil;
    size_t length = read_month_form(time, text, &civil);
    bool is_plain;

    if (length == 0)
        return false;
    is_plain = civil.year == 0 && length == sizeof time->second && text.at[6] == ' ';
    if (civil.year == 0)
        civil.year = year_of(time, &civil);
    if (civil.day > days_of_month(civil.year, civil.month))
        return false;
    gint64 midnight = days_of_civil(civil.year, civil.month, civil.day) * DAY;
    *stamp = (struct stamp){.at = utc_of(time, midnight + civil.clock), .length = length};
    if (is_plain) {
        memcpy(time->day, text.at, sizeof time->day);
        memcpy(time->second, text.at, sizeof time->second);
        time->midnight = midnight;
        time->at = stamp->at;
        time->day_known = true;
    }
    return true;
}

/* The second before again, or at least its day. */
static bool take_known_day(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    int clock;

    if (!time->day_known || text.length <= sizeof time->second)
        return false;
    if (text.at[sizeof time->second] != ' ' || memcmp(text.at, time->day, sizeof time->day) != 0)
        return false;
    if (memcmp(text.at + 7, time->second + 7, 8) != 0) {
        clock = clock_of(text.at + 7);
        if (clock < 0)
            return false;
        memcpy(time->second, text.at, sizeof time->second);
        time->at = utc_of(time, time->midnight + clock);
    }
    *stamp = (struct stamp){.at = time->at, .length = sizeof time->second};
    return true;
}

/* "Z", "+01:00", "+0100", "+01"; false where there is no zone. */
static bool take_offset(struct span text, size_t *at, int *offset, bool *colon)
{
    const char *here = text.at + *at;
    size_t left = text.length - *at;
    int hours, minutes = 0;

    *colon = true;
    *offset = 0;
    if (left >= 1 && *here == 'Z') {
        ++*at;
        return true;
    }
    if (left < 3 || (*here != '+' && *here != '-'))
        return false;
    hours = two_digits(here + 1);
    *colon = left >= 6 && here[3] == ':';
    if (*colon)
        minutes = two_digits(here + 4);
    else if (left >= 5 && g_ascii_isdigit(here[3]))
        minutes = two_digits(here + 3);
    if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59)
        return false;
    *offset = (hours * 60 + minutes) * (*here == '-' ? -60 : 60);
    *at += *colon ? 6 : left >= 5 && g_ascii_isdigit(here[3]) ? 5 : 3;
    return true;
}

/* "2026-03-01T00:00:01" or with a blank between, as if it were UTC; -1 where it is none. */
static gint64 read_date_form(struct envelope_time *time, struct span text)
{
    int clock, year, month, day;

    if (text.length < 19 || (text.at[10] != 'T' && text.at[10] != ' '))
        return -1;
    clock = clock_of(text.at + 11);
    if (clock < 0)
        return -1;
    if (memcmp(text.at, time->date, sizeof time->date) == 0)
        return time->date_starts + clock;
    year = two_digits(text.at) * 100 + two_digits(text.at + 2);
    month = two_digits(text.at + 5);
    day = two_digits(text.at + 8);
    if (year < YEAR_FIRST || two_digits(text.at + 2) < 0 || text.at[4] != '-' || text.at[7] != '-')
        return -1;
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return -1;
    memcpy(time->date, text.at, sizeof time->date);
    time->date_starts = days_of_civil(year, month, day) * DAY;
    return time->date_starts + clock;
}

static bool take_date_form(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    gint64 local = read_date_form(time, text);
    size_t at = 19, after;
    int offset;
    bool colon;

    if (local < 0)
        return false;
    skip_fraction(text, &at);
    *stamp = (struct stamp){.spaced = text.at[10] == ' '};
    after = at + (stamp->spaced && at < text.length && text.at[at] == ' ');
    stamp->absolute = take_offset(text, &after, &offset, &colon) && is_end(text, after);
    stamp->length = stamp->absolute ? after : at;
    if (!is_end(text, stamp->length))
        return false;
    stamp->at = stamp->absolute ? local - offset : utc_of(time, local);
    stamp->journal = stamp->absolute && !stamp->spaced && !colon;
    if (stamp->length == sizeof time->moment) {
        memcpy(time->moment, text.at, sizeof time->moment);
        time->moment_at = stamp->at;
    }
    return true;
}

/* The second before again. */
static bool take_known_moment(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    const size_t length = sizeof time->moment;

    if (text.length < length + 2 || text.at[length] != ' ' ||
        memcmp(text.at, time->moment, length) != 0 || text.at[length + 1] == '+' ||
        text.at[length + 1] == '-' || text.at[length + 1] == 'Z')
        return false;
    *stamp = (struct stamp){.at = time->moment_at, .length = length, .spaced = text.at[10] == ' '};
    return true;
}

/* "1770000000.123456" */
static bool take_unix_form(struct span text, struct stamp *stamp)
{
    const char *dot = memchr(text.at, '.', MIN(text.length, 12));
    size_t at = dot == NULL ? 0 : (size_t)(dot - text.at);

    if (at < 9)
        return false;
    stamp->at = envelope_time_of_number(span_of(text.at, at));
    skip_fraction(text, &at);
    stamp->length = at;
    stamp->absolute = stamp->journal = true;
    return stamp->at != 0 && text.at[at - 7] == '.' && is_end(text, at);
}

/* "[66783.123456]" of journalctl -o short-monotonic says when, but not since when. */
static bool take_monotonic_form(struct span text, struct stamp *stamp)
{
    size_t at = 1, digits;

    skip_blanks(text, &at);
    if (take_number(text, &at, 9) < 0 || at >= text.length || text.at[at] != '.')
        return false;
    digits = at + 1;
    skip_fraction(text, &at);
    if (at - digits != 6 || at >= text.length || text.at[at] != ']' || !is_end(text, at + 1))
        return false;
    *stamp = (struct stamp){.length = at + 1, .absolute = true, .journal = true};
    return true;
}

/* Offsets of names that one meets; a name of the zone itself comes first. */
static const struct {
    const char *name;
    int minutes;
} zones[] = {
    {"UTC", 0},     {"GMT", 0},     {"WET", 0},    {"WEST", 60},  {"BST", 60},   {"CET", 60},
    {"CEST", 120},  {"EET", 120},   {"EEST", 180}, {"MSK", 180},  {"EST", -300}, {"EDT", -240},
    {"CST", -360},  {"CDT", -300},  {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420},
    {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"JST", 540},  {"KST", 540},  {"SAST", 120},
    {"AEST", 600},  {"AEDT", 660},  {"ACST", 570}, {"ACDT", 630}, {"AWST", 480}, {"NZST", 720},
    {"NZDT", 780},  {"IST", 330},   {"PKT", 300},  {"HKT", 480},  {"SGT", 480},
};

static bool zone_offset_of(GTimeZone *zone, gint64 local, struct span name, int *offset)
{
    static const GTimeType types[] = {G_TIME_TYPE_STANDARD, G_TIME_TYPE_DAYLIGHT};

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        gint64 adjusted = local;
        int interval = g_time_zone_adjust_time(zone, types[i], &adjusted);
        if (span_is(name, g_time_zone_get_abbreviation(zone, interval))) {
            *offset = g_time_zone_get_offset(zone, interval);
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(zones); i++)
        if (span_is(name, zones[i].name)) {
            *offset = zones[i].minutes * 60;
            return true;
        }
    return false;
}

/* "Mon 2025-02-10 14:32:17 CET" */
static bool take_full_form(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    gint64 local = read_date_form(time, text);
    struct span rest, name;
    size_t at = 19, zone = 0;
    int offset;
    bool colon;

    if (local < 0 || text.at[10] != ' ')
        return false;
    skip_fraction(text, &at);
    if (!skip_blanks(text, &at))
        return false;
    name = envelope_syslog_word(span_from(text, at), &rest);
    stamp->absolute = zone_offset_of(time->zone, local, name, &offset) ||
                      (take_offset(name, &zone, &offset, &colon) && zone == name.length);
    stamp->at = stamp->absolute ? local - offset : utc_of(time, local);
    stamp->length = at + name.length;
    stamp->journal = true;
    return name.length <= ENVELOPE_WORD_BYTES;
}

/* A weekday first: of journalctl -o short-full, or of ctime(). */
static bool take_weekday_form(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    size_t word = month_word(text), at = word;
    struct span rest;

    if (word < 2 || word == ENVELOPE_WORD_BYTES || !skip_blanks(text, &at) || at >= text.length)
        return false;
    rest = span_from(text, at);
    *stamp = (struct stamp){0};
    if (g_ascii_isdigit(*rest.at) ? !take_full_form(time, rest, stamp)
                                  : word != 3 || !take_month_form(time, rest, stamp))
        return false;
    stamp->length += at;
    return true;
}

void envelope_time_init(struct envelope_time *time, GTimeZone *zone, gint64 limit)
{
    const gint64 last = days_of_civil(YEAR_LAST - 1, 1, 1) * DAY;

    *time = (struct envelope_time){.zone_day = -1};
    time->zone = zone != NULL ? g_time_zone_ref(zone) : g_time_zone_new_local();
    time->limit = CLAMP(limit, 0, last) + SLACK;
}

void envelope_time_clear(struct envelope_time *time)
{
    g_time_zone_unref(time->zone);
}

static bool take_any(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    if (text.length < 15)
        return false;
    if (g_ascii_isdigit(*text.at)) {
        if (text.at[4] == '-')
            return take_date_form(time, text, stamp);
        *stamp = (struct stamp){0};
        return take_unix_form(text, stamp) || take_month_form(time, text, stamp);
    }
    if (*text.at == '[')
        return take_monotonic_form(text, stamp);
    return take_month_form(time, text, stamp) || take_weekday_form(time, text, stamp);
}

bool envelope_time_take(struct envelope_time *time, struct span text, struct stamp *stamp)
{
    if (!take_known_moment(time, text, stamp) && !take_known_day(time, text, stamp) &&
        !take_any(time, text, stamp))
        return false;
    stamp->at = MAX(stamp->at, 0);
    return true;
}

gint64 envelope_time_of_number(struct span digits)
{
    gint64 number = 0;

    if (digits.length == 0 || digits.length > 19)
        return 0;
    for (size_t i = 0; i < digits.length; i++) {
        if (!g_ascii_isdigit(digits.at[i]) || number > G_MAXINT64 / 10 - 1)
            return 0;
        number = number * 10 + (digits.at[i] - '0');
    }
    for (gint64 most = G_GINT64_CONSTANT(100000000000); number >= most;)
        number /= 1000;
    return number;
}

void envelope_time_look_next(struct envelope_look *look, struct envelope_time *time,
                             struct span line)
{
    struct civil civil;

    if (line.length > 15 && look->years.begun &&
        memcmp(line.at, look->day, sizeof look->day) == 0 && clock_of(line.at + 7) >= 0) {
        look->stamp = line;
        return;
    }
    if (line.length < 15 || read_month_form(time, line, &civil) == 0 || civil.year != 0)
        return;
    if (look->years.begun)
        years_step(&look->years, civil.month, civil.day);
    else
        look->years = (struct envelope_years){true, 0, civil.month, civil.day};
    if (civil.month == 2 && civil.day == 29 && look->leap_year < 0)
        look->leap_year = look->years.year;
    memcpy(look->day, line.at, sizeof look->day);
    look->stamp = line;
}

void envelope_time_look_end(struct envelope_look *look, struct envelope_time *time)
{
    struct civil civil;

    if (!look->years.begun || read_month_form(time, look->stamp, &civil) == 0)
        return;
    time->years.year = year_by_limit(time, &civil) - look->years.year +
                       is_swap(&look->years, civil.month, civil.day);
    if (look->leap_year >= 0)
        for (int i = 0; i < LEAP_SEARCH && !is_leap(time->years.year + look->leap_year); i++)
            time->years.year--;
    time->looked = true;
    memset(time->words, 0, sizeof time->words);
    time->word_month = 0;
}
