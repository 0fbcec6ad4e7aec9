#include "ingest/log/exim_private.h"
#include "ingest/text.h"

/* What ends in a letter and is made of letters, digits and lone dots: nearly every name. */
static bool take_plain_name(struct span name, char *out)
{
    size_t label = 0;
    bool is_digits = false; /* a last label of digits is part of an address */

    if (name.length == 0 || name.length > LIMIT_DOMAIN_BYTES)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.at[i];
        if (g_ascii_isalpha(c))
            is_digits = false;
        else if (g_ascii_isdigit(c))
            is_digits |= label == 0;
        else if (c == '.' ? label == 0 || name.at[i - 1] == '-' : c != '-' || label == 0)
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
        out[i] = g_ascii_tolower(c);
    }
    out[name.length] = '\0';
    return label > 0 && !is_digits && name.at[name.length - 1] != '-';
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
    known = &exim->ips[((guchar)ip.at[ip.length - 1] + (guchar)ip.at[ip.length / 2] * 7u +
                        (guchar)ip.at[ip.length - MIN(ip.length, 2)] * 31u) %
                       EXIM_IPS];
    if (known->length != ip.length || memcmp(known->text, ip.at, ip.length) != 0)
        read_ip(known, ip);
    memcpy(exim->ip, known->ip, sizeof exim->ip);
}
