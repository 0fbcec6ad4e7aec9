#include "ingest/log/exim_private.h"
#include "ingest/text.h"

#define LABEL_BYTES 63

/* Letters, digits and '-' as they stand in a name; 0 for what does not. */
static const char plain[256] = {
    ['-'] = '-', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5',
    ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
};

/* The label at `at`, and where it ends; NULL where it is none. */
static const char *take_label(const char *at, const char *end, char *out)
{
    const char *begin = at;
    char c;

    while (at < end && (c = plain[(guchar)*at]) != 0) {
        *out++ = c;
        at++;
    }
    return at == begin || at - begin > LABEL_BYTES || *begin == '-' || at[-1] == '-' ? NULL : at;
}

static bool has_letter(const char *at, const char *end)
{
    while (at < end && !g_ascii_isalpha(*at))
        at++;
    return at < end;
}

/* Labels of letters, digits and '-', the last one with a letter: nearly every name. */
static bool take_plain_name(struct span name, char *out)
{
    const char *at = name.at, *end;

    if (name.length == 0 || name.length > LIMIT_DOMAIN_BYTES)
        return false;
    end = at + name.length;
    for (;;) {
        const char *label = at;
        at = take_label(label, end, out + (label - name.at));
        if (at == NULL || (at < end && *at != '.'))
            return false;
        out[at - name.at] = at < end ? '.' : '\0';
        if (at == end)
            return has_letter(label, end);
        at++;
    }
}

void exim_take_name(struct span name, char out[LIMIT_DOMAIN_BYTES + 1])
{
    g_autofree char *text = NULL;
    g_autofree char *domain = NULL;
    bool valid = false;

    if (take_plain_name(name, out))
        return;
    *out = '\0';
    if (name.length == 0 || name.length > LIMIT_STRING_BYTES)
        return;
    text = g_strndup(name.at, name.length);
    domain = text_domain(text, &valid);
    if (valid && domain != NULL)
        g_strlcpy(out, domain, LIMIT_DOMAIN_BYTES + 1);
}

/* Dotted decimal without leading zeros. */
static bool take_ipv4(struct span ip, char *out)
{
    guint octets = 0, value = 0, digits = 0;

    if (ip.length < 7 || ip.length > 15)
        return false;
    for (size_t i = 0; i <= ip.length; i++) {
        char c = i < ip.length ? ip.at[i] : '.';
        if (c == '.') {
            if (digits == 0 || value > 255 || ++octets > 4)
                return false;
            value = digits = 0;
        } else if (g_ascii_isdigit(c) && digits < 3 && (digits == 0 || value > 0)) {
            value = value * 10 + (guint)(c - '0');
            digits++;
        } else {
            return false;
        }
    }
    memcpy(out, ip.at, ip.length);
    out[ip.length] = '\0';
    return octets == 4;
}

static void read_ip(struct exim_ip *known, struct span ip)
{
    g_autofree char *address = NULL;
    bool valid = false;

    memcpy(known->text, ip.at, ip.length);
    known->text[ip.length] = '\0';
    known->length = ip.length;
    address = text_address(known->text, &valid);
    g_strlcpy(known->ip, valid && address != NULL ? address : "", sizeof known->ip);
}

void exim_take_ip(struct exim *exim, struct span ip)
{
    struct exim_ip *known;

    if (take_ipv4(ip, exim->ip))
        return;
    *exim->ip = '\0';
    if (ip.length == 0 || ip.length >= EXIM_IP_BYTES)
        return;
    known = &exim->ips[span_tail_hash(ip) % EXIM_IPS];
    if (known->length != ip.length || memcmp(known->text, ip.at, ip.length) != 0)
        read_ip(known, ip);
    memcpy(exim->ip, known->ip, sizeof exim->ip);
}
