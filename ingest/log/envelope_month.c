#include "ingest/log/envelope_private.h"

/*
 * Abbreviations as the C library's locales have them (LC_TIME, "%b"), without the full stop that
 * some end with. Where two languages use one word for different months, it is left to neither.
 */
static const char *const months[12] = {
    "jan janv ene gen jaan jän sty led oca ian янв січ яну ιαν",
    "feb févr fev febr veebr lut úno şub helmi фев лют φεβ",
    "mar mär mrz märz mars marzo març márc märts mrt bře maalis мар бер μαρ",
    "apr avril abr avr ápr kwi dub nis huhti апр кві απρ",
    "may mai mag mei maj máj maig kvě touko май мая тра μαΐ μάι μαϊ",
    "jun juin giu juni jún júni czerw cze juny juuni iun čen haz kesä июн чер юни ιουν ιούν",
    "jul juil lug juli júl lip iul juuli čec tem heinä июл лип юли ιουλ ιούλ",
    "aug août aoû ago ag sie srp ağu elo авг сер αυγ",
    "sep sept set szept wrz zář eyl syys сен вер сеп σεπ",
    "oct okt ott out paź říj eki loka окт жов οκτ",
    "nov noi lis kas marras ноя лис ное νοε νοέ",
    "dec déc dic dez des dets gru pro ara joulu дек гру δεκ",
};

int envelope_month_english(const char *at)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (memcmp(at, names + 3 * i, 3) == 0)
            return i + 1;
    return 0;
}

static bool is_among(const char *words, const char *word, size_t length)
{
    for (const char *at = words; *at != '\0'; at += *at == ' ') {
        size_t here = strcspn(at, " ");
        if (here == length && memcmp(at, word, length) == 0)
            return true;
        at += here;
    }
    return false;
}

/* "10月" and "10월": Chinese, Japanese, Korean. */
static int month_in_digits(struct span word)
{
    size_t digits = 0;
    int month = 0;

    for (; digits < word.length && digits < 2 && g_ascii_isdigit(word.at[digits]); digits++)
        month = 10 * month + g_ascii_digit_value(word.at[digits]);
    word = span_from(word, digits);
    if (digits == 0 || month < 1 || month > 12)
        return 0;
    return span_is(word, "月") || span_is(word, "월") ? month : 0;
}

int envelope_month_find(struct span word)
{
    int month = month_in_digits(word);
    g_autofree char *small = NULL;
    size_t length;

    if (month != 0 || word.length < 2)
        return month;
    if (word.at[word.length - 1] == '.')
        word.length--;
    if (!g_utf8_validate(word.at, (gssize)word.length, NULL))
        return 0;
    small = g_utf8_strdown(word.at, (gssize)word.length);
    length = strlen(small);
    for (int i = 0; i < 12; i++)
        if (is_among(months[i], small, length))
            return i + 1;
    return 0;
}
