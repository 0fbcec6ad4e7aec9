/* An overview made by hand, for the tests of what writes one. */
#ifndef TESTS_REPORT_OVERVIEW_SAMPLE_H
#define TESTS_REPORT_OVERVIEW_SAMPLE_H

#include "report/overview.h"

static inline struct overview_kind *add_kind(struct overview *overview, const char *word,
                                             guint count)
{
    struct overview_kind *kind = g_new0(struct overview_kind, 1);

    kind->kind = g_strdup(word);
    kind->count = count;
    kind->senders = g_ptr_array_new();
    g_ptr_array_add(overview->kinds, kind);
    return kind;
}

static inline void free_sender(gpointer data)
{
    struct overview_sender *sender = data;

    g_free(sender->domain);
    g_free(sender);
}

static inline void add_sender(struct overview_kind *kind, const char *domain, guint count)
{
    struct overview_sender *sender = g_new0(struct overview_sender, 1);

    sender->domain = g_strdup(domain);
    sender->count = count;
    g_ptr_array_set_free_func(kind->senders, free_sender);
    g_ptr_array_add(kind->senders, sender);
}

static inline void add_problem(struct overview *overview, const char *text, const char *clause,
                               guint count)
{
    struct overview_problem *problem = g_new0(struct overview_problem, 1);

    problem->problem = g_strdup(text);
    problem->clause = g_strdup(clause);
    problem->count = count;
    g_ptr_array_add(overview->problems, problem);
}

static inline void add_foreign(struct overview *overview, const char *name, guint reports,
                               guint organizations, int64_t failures)
{
    struct overview_domain *domain = g_new0(struct overview_domain, 1);

    domain->domain = g_strdup(name);
    domain->reports = reports;
    domain->organizations = organizations;
    domain->failures = failures;
    g_ptr_array_add(overview->foreign, domain);
}

static inline void add_unsigned(struct overview *overview, const char *name, guint failed,
                                guint passed)
{
    struct overview_unsigned *reporter = g_new0(struct overview_unsigned, 1);

    reporter->organization = g_strdup(name);
    reporter->failed = failed;
    reporter->passed = passed;
    g_ptr_array_add(overview->failed, reporter);
}

#endif
