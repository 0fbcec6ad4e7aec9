/*
 * Reports of one fault at many customers: gen_scale DOMAINS REPORTERS DAYS [FIRST]
 *
 * An mbox with a report for each domain, reporter and day, from number FIRST of the days on. All
 * domains share four MX hosts whose certificate has expired; the last day is 2026-11-21.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LAST_DAY 1795219200 /* 2026-11-21 */
#define DAY 86400
#define MX_HOSTS 4

static void write_report(unsigned long domain, unsigned long reporter, time_t begin)
{
    struct tm when;
    char day[16];

    gmtime_r(&begin, &when);
    strftime(day, sizeof(day), "%Y-%m-%d", &when);
    printf("From x Sat Nov 21 01:00:00 2026\nFrom: tls@reporter%lu.example\n"
           "Message-ID: <%s-%lu-%lu@reporter.example>\n"
           "Content-Type: application/tlsrpt+json\n\n",
           reporter, day, reporter, domain);
    printf("{\"organization-name\":\"Reporter %lu\",\"date-range\":{\"start-datetime\":"
           "\"%sT00:00:00Z\",\"end-datetime\":\"%sT23:59:59Z\"},\"contact-info\":"
           "\"tls@reporter%lu.example\",\"report-id\":\"%s-%lu-%lu\",\"policies\":[{\"policy\":{"
           "\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\",\"mode: enforce\",",
           reporter, day, day, reporter, day, reporter, domain);
    for (int mx = 0; mx < MX_HOSTS; mx++)
        printf("\"mx: mx%d.hosting.example\",", mx);
    printf("\"max_age: 604800\"],\"policy-domain\":\"customer%lu.example\"},\"summary\":{"
           "\"total-successful-session-count\":5,\"total-failure-session-count\":%d},"
           "\"failure-details\":[",
           domain, MX_HOSTS * 2);
    for (int mx = 0; mx < MX_HOSTS; mx++)
        printf("%s{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":\"192.0.2.%lu\","
               "\"receiving-mx-hostname\":\"mx%d.hosting.example\",\"receiving-ip\":"
               "\"198.51.100.%d\",\"failed-session-count\":2}",
               mx > 0 ? "," : "", reporter % 256, mx, mx);
    puts("]}]}\n");
}

int main(int argc, char **argv)
{
    unsigned long numbers[4] = {0};

    if (argc < 4)
        return 2;
    for (int i = 1; i < argc && i <= 4; i++)
        numbers[i - 1] = strtoul(argv[i], NULL, 10);
    for (unsigned long day = numbers[3]; day < numbers[2]; day++)
        for (unsigned long reporter = 0; reporter < numbers[1]; reporter++)
            for (unsigned long domain = 0; domain < numbers[0]; domain++)
                write_report(domain, reporter, LAST_DAY - (time_t)(numbers[2] - 1 - day) * DAY);
    return fflush(stdout) == 0 ? 0 : 3;
}
