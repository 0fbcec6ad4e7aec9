/*
 * Hostile and huge inputs for tests/long: gen_hostile KIND [COUNT] writes one to standard output.
 * Without arguments it lists the kinds.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_HEAD                                                                                \
    "{\"organization-name\":\"Hostile\",\"date-range\":{\"start-datetime\":"                       \
    "\"2026-11-20T00:00:00Z\",\"end-datetime\":\"2026-11-20T23:59:59Z\"},"                         \
    "\"contact-info\":\"tls@hostile.example\",\"report-id\":\"hostile-1\",\"policies\":["
#define POLICY_HEAD                                                                                \
    "{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\","                  \
    "\"mode: enforce\",\"mx: mx.example.com\"],\"policy-domain\":\"example.com\"},"                \
    "\"summary\":{\"total-successful-session-count\":1,\"total-failure-session-count\":1},"        \
    "\"failure-details\":["

/* `unit` as often as it takes to fill `bytes`. */
static void fill(const char *unit, unsigned long bytes)
{
    size_t length = strlen(unit);

    for (unsigned long written = 0; written + length <= bytes; written += length)
        fwrite(unit, 1, length, stdout);
}

static void times(const char *unit, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++)
        fputs(unit, stdout);
}

static void brackets(unsigned long count)
{
    times("[", count);
}

static void objects_in_objects(unsigned long count)
{
    times("{\"a\":", count);
}

static void empty_arrays(unsigned long bytes)
{
    putchar('[');
    fill("[],", bytes);
    fputs("1]", stdout);
}

static void empty_objects(unsigned long bytes)
{
    putchar('[');
    fill("{},", bytes);
    fputs("1]", stdout);
}

static void ones(unsigned long bytes)
{
    putchar('[');
    fill("1,", bytes);
    fputs("1]", stdout);
}

static void one_string(unsigned long bytes)
{
    fputs("{\"policies\":[],\"report-id\":\"", stdout);
    fill("x", bytes);
    fputs("\"}", stdout);
}

static void many_keys(unsigned long bytes)
{
    unsigned long written = 0;

    putchar('{');
    for (unsigned long i = 0; written < bytes; i++)
        written += (unsigned long)printf("\"%lu\":1,", i);
    fputs("\"policies\":[]}", stdout);
}

/* Small policies until the bytes are reached. */
static void small_policies(unsigned long bytes)
{
    static const char policy[] =
        "{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"d%lu.example\"},\"summary\":{"
        "\"total-successful-session-count\":1,\"total-failure-session-count\":1},"
        "\"failure-details\":[{\"result-type\":\"certificate-expired\","
        "\"failed-session-count\":1}]},";
    unsigned long written = 0;

    fputs(REPORT_HEAD, stdout);
    for (unsigned long i = 0; written < bytes; i++)
        written += (unsigned long)printf(policy, i);
    fputs("null]}", stdout);
}

static void many_details(unsigned long count)
{
    fputs(REPORT_HEAD POLICY_HEAD, stdout);
    for (unsigned long i = 0; i < count; i++)
        printf("%s{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":\"192.0.2.%lu\","
               "\"receiving-mx-hostname\":\"mx%lu.example.com\",\"failed-session-count\":1}",
               i > 0 ? "," : "", i % 256, i % 5000);
    fputs("]}]}", stdout);
}

/* Every text a stranger fills, with `text` in it. */
static void texts(const char *text, const char *count)
{
    printf("{\"organization-name\":\"Org %s\",\"date-range\":{\"start-datetime\":"
           "\"2026-11-20T00:00:00Z\",\"end-datetime\":\"2026-11-20T23:59:59Z\"},"
           "\"contact-info\":\"c%s\",\"report-id\":\"texts %s\",\"policies\":[{\"policy\":{"
           "\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\",\"mode: enforce %s\","
           "\"mx: mx%s.example.com\"],\"policy-domain\":\"a%s.example.com\","
           "\"mx-host\":[\"mx%s.example.com\"]},",
           text, text, text, text, text, text, text);
    printf("\"summary\":{\"total-successful-session-count\":%s,\"total-failure-session-count\":%s},"
           "\"failure-details\":[{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":"
           "\"192.0.2.1%s\",\"receiving-mx-hostname\":\"mx%s.example.com\","
           "\"receiving-mx-helo\":\"h%s\",\"receiving-ip\":\"192.0.2.2%s\","
           "\"failed-session-count\":%s,\"additional-information\":\"i%s\","
           "\"failure-reason-code\":\"r%s\"}]}]}",
           count, count, text, text, text, text, count, text, text);
}

static void controls(unsigned long unused)
{
    (void)unused;
    texts("\\u001b[31m\\u202e\\u0007\\u009b\\u2028\\r\\n\\u200f", "5");
}

static void raw_controls(unsigned long unused)
{
    (void)unused;
    texts("\033]0;x\007\xe2\x80\xae\xc2\x9b", "5");
}

static void invalid_utf8(unsigned long unused)
{
    (void)unused;
    texts("\xff\xfe\xc0\xaf\xed\xa0\x80", "5");
}

static void nul_bytes(unsigned long unused)
{
    static const char zeros[16];

    (void)unused;
    fputs("{\"organization-name\":\"N", stdout);
    fwrite(zeros, 1, sizeof(zeros), stdout);
    fputs("ul\",\"report-id\":\"nul\\u0000\",", stdout);
    fputs(strchr(REPORT_HEAD, ',') + 1, stdout);
    fputs(POLICY_HEAD "]}]}", stdout);
    fwrite(zeros, 1, sizeof(zeros), stdout);
}

static void big_counts(unsigned long unused)
{
    (void)unused;
    texts(" big", "9223372036854775808");
}

static void negative_counts(unsigned long unused)
{
    (void)unused;
    texts(" negative", "-9223372036854775808");
}

static void long_texts(unsigned long bytes)
{
    char *text = malloc(bytes + 1);

    if (text == NULL)
        exit(1);
    memset(text, 'd', bytes);
    text[bytes] = '\0';
    texts(text, "5");
    free(text);
}

static void far_times(unsigned long unused)
{
    (void)unused;
    fputs("{\"organization-name\":\"Far\",\"date-range\":{\"start-datetime\":"
          "\"9999-12-31T23:59:59Z\",\"end-datetime\":\"0001-01-01T00:00:00Z\"},"
          "\"contact-info\":\"x\",\"report-id\":\"far\",\"policies\":[" POLICY_HEAD
          "{\"result-type\":\"certificate-expired\",\"failed-session-count\":1}]}]}",
          stdout);
}

static void mail_head(const char *subject, const char *type)
{
    printf("From: tls@hostile.example\nTo: tlsrpt@example.com\nSubject: %s\n"
           "Date: Fri, 20 Nov 2026 01:00:00 +0000\nMessage-ID: <%s@hostile.example>\n"
           "MIME-Version: 1.0\nContent-Type: %s\n",
           subject, subject, type);
}

static void nested_multiparts(unsigned long count)
{
    mail_head("nested", "multipart/mixed; boundary=\"b0\"");
    for (unsigned long i = 0; i < count; i++)
        printf("\n--b%lu\nContent-Type: multipart/mixed; boundary=\"b%lu\"\n", i, i + 1);
    printf("\n--b%lu\nContent-Type: application/json\n\n" REPORT_HEAD "]}\n", count);
}

static void nested_messages(unsigned long count)
{
    mail_head("messages", "message/rfc822");
    for (unsigned long i = 0; i < count; i++)
        fputs("\nContent-Type: message/rfc822\n", stdout);
    fputs("\nContent-Type: application/json\n\n" REPORT_HEAD "]}\n", stdout);
}

static void many_parts(unsigned long count)
{
    mail_head("parts", "multipart/mixed; boundary=\"b\"");
    times("\n--b\nContent-Type: application/json\n\n{}\n", count);
    fputs("\n--b--\n", stdout);
}

static void many_fields(unsigned long count)
{
    mail_head("fields", "application/json");
    times("X-Field: some text\n", count);
    fputs("\n" REPORT_HEAD "]}\n", stdout);
}

static void base64_lines(unsigned long bytes)
{
    fill("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n", bytes);
}

/* An mbox of `bytes`, a third of it one mail, with a report before and behind that. */
static void large_mbox(unsigned long bytes)
{
    for (int i = 0; i < 3; i++) {
        fputs("From x Fri Nov 20 01:00:00 2026\n", stdout);
        printf("From: a@hostile.example\nSubject: text %d\nMessage-ID: <large-%d@h.example>\n"
               "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n",
               i, i);
        base64_lines(bytes / 3);
        putchar('\n');
        fputs("From x Fri Nov 20 01:00:00 2026\n", stdout);
        printf("From: a@hostile.example\nSubject: report %d\nMessage-ID: <small-%d@h.example>\n"
               "Content-Type: application/tlsrpt+json\n\n",
               i, i);
        printf(REPORT_HEAD POLICY_HEAD "]}],\"report-id\":\"in-mbox-%d\"}\n\n", i);
    }
}

static void zeros(unsigned long bytes)
{
    static const char block[64 << 10];

    for (unsigned long written = 0; written < bytes; written += sizeof(block))
        fwrite(block, 1, sizeof(block), stdout);
}

static void blanks(unsigned long bytes)
{
    fill(" ", bytes);
    fputs(REPORT_HEAD POLICY_HEAD "]}]}", stdout);
}

/* `members` files of `bytes` zeros each. */
static void zip(unsigned long members, unsigned long bytes)
{
    static const char block[64 << 10];
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    char name[64];

    archive_write_set_format_zip(archive);
    archive_write_open_FILE(archive, stdout);
    for (unsigned long i = 0; i < members; i++) {
        snprintf(name, sizeof(name), "report-%lu.json", i);
        archive_entry_clear(entry);
        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)bytes);
        archive_write_header(archive, entry);
        for (unsigned long left = bytes, step; left > 0; left -= step) {
            step = left < sizeof(block) ? left : sizeof(block);
            archive_write_data(archive, block, step);
        }
    }
    archive_entry_free(entry);
    archive_write_free(archive);
}

static void zip_bomb(unsigned long bytes)
{
    zip(1, bytes);
}

static void zip_of_bombs(unsigned long members)
{
    zip(members, 8ul << 20);
}

static void zip_of_many(unsigned long members)
{
    zip(members, 1);
}

static const struct {
    const char *name;
    void (*write)(unsigned long count);
    unsigned long count; /* without a second argument */
} kinds[] = {
    {"brackets", brackets, 100000},
    {"objects-in-objects", objects_in_objects, 100000},
    {"empty-arrays", empty_arrays, 64ul << 20},
    {"empty-objects", empty_objects, 64ul << 20},
    {"ones", ones, 64ul << 20},
    {"one-string", one_string, 64ul << 20},
    {"many-keys", many_keys, 60ul << 20},
    {"small-policies", small_policies, 60ul << 20},
    {"many-details", many_details, 150000},
    {"controls", controls, 0},
    {"raw-controls", raw_controls, 0},
    {"invalid-utf8", invalid_utf8, 0},
    {"nul-bytes", nul_bytes, 0},
    {"big-counts", big_counts, 0},
    {"negative-counts", negative_counts, 0},
    {"long-texts", long_texts, 10000},
    {"far-times", far_times, 0},
    {"nested-multiparts", nested_multiparts, 100000},
    {"nested-messages", nested_messages, 100000},
    {"many-parts", many_parts, 100000},
    {"many-fields", many_fields, 1000000},
    {"large-mbox", large_mbox, 300ul << 20},
    {"zeros", zeros, 256ul << 20},
    {"zip-bomb", zip_bomb, 512ul << 20},
    {"zip-of-bombs", zip_of_bombs, 100},
    {"zip-of-many", zip_of_many, 30000},
    {"blanks", blanks, 60ul << 20},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (argc < 2) {
            puts(kinds[i].name);
        } else if (strcmp(argv[1], kinds[i].name) == 0) {
            kinds[i].write(argc > 2 ? strtoul(argv[2], NULL, 10) : kinds[i].count);
            return fflush(stdout) == 0 ? 0 : 3;
        }
    }
    return argc < 2 ? 0 : 2;
}
