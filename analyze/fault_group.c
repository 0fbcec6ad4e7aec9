#include "analyze/fault_rows.h"

/*
 * A node is what cannot be taken apart: an MX host, or a domain where no MX host is named, each
 * for one failure type. Nodes are joined by a union-find; each rule of fault.h is one pass over a
 * sorted array, so that no pass compares every node with every other.
 */
struct node {
    guint8 type;
    bool attached;  /* a domain that already belongs to an MX host */
    guint32 mx;     /* 0: node of a domain */
    guint32 parent; /* of the union-find */
    guint32 members;
    guint32 domains; /* that fail at it */
    int64_t first_day;
};

/* A domain that fails at a node. */
struct edge {
    guint8 type;
    guint32 domain;
    guint32 node;
    int64_t sessions;
};

/* Nodes with the same three values belong together. */
struct link {
    guint8 type;
    guint32 name;
    int64_t day;
    guint32 node;
};

struct pair {
    guint32 a, b;
};

struct groups {
    struct fault_builder *builder;
    GArray *nodes; /* struct node */
    GArray *edges; /* struct edge */
};

/*
 * MX hosts of one domain that are compared in pairs. Only hosts with three or more failing domains
 * are; one with fewer shares half of them with every other host of its domain.
 */
#define PAIRED_HOSTS 16
#define FEW_DOMAINS 2

static guint32 root_of(GArray *nodes, guint32 index)
{
    struct node *all = (struct node *)(void *)nodes->data;

    while (all[index].parent != index) {
        all[index].parent = all[all[index].parent].parent;
        index = all[index].parent;
    }
    return index;
}

static void join(GArray *nodes, guint32 a, guint32 b)
{
    struct node *all = (struct node *)(void *)nodes->data;

    a = root_of(nodes, a);
    b = root_of(nodes, b);
    if (a == b)
        return;
    if (all[a].members < all[b].members) {
        guint32 swap = a;
        a = b;
        b = swap;
    }
    all[b].parent = a;
    all[a].members += all[b].members;
}

static const struct row_policy *policy_of(const struct fault_builder *builder,
                                          const struct fault_row *row)
{
    return &g_array_index(builder->policies, struct row_policy, row->policy);
}

static gint by_node(gconstpointer a, gconstpointer b, gpointer data)
{
    const struct fault_row *x = a, *y = b;
    const int64_t left[] = {x->type, x->mx, policy_of(data, x)->domain, x->policy};
    const int64_t right[] = {y->type, y->mx, policy_of(data, y)->domain, y->policy};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static gint by_domain(gconstpointer a, gconstpointer b)
{
    const struct edge *x = a, *y = b;
    const int64_t left[] = {x->type, x->domain, x->node};
    const int64_t right[] = {y->type, y->domain, y->node};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static gint by_link(gconstpointer a, gconstpointer b)
{
    const struct link *x = a, *y = b;
    const int64_t left[] = {x->type, x->name, x->day, x->node};
    const int64_t right[] = {y->type, y->name, y->day, y->node};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static gint by_pair(gconstpointer a, gconstpointer b)
{
    const struct pair *x = a, *y = b;
    const int64_t left[] = {x->a, x->b}, right[] = {y->a, y->b};

    return keys_compare(left, right, G_N_ELEMENTS(left));
}

static struct node *node_at(const struct groups *groups, guint32 index)
{
    return &g_array_index(groups->nodes, struct node, index);
}

static void add_node(struct groups *groups, const struct fault_row *row)
{
    struct node node = {.type = row->type,
                        .mx = row->mx,
                        .parent = groups->nodes->len,
                        .members = 1,
                        .first_day = INT64_MAX};

    g_array_append_val(groups->nodes, node);
}

static void add_edge(struct groups *groups, const struct fault_row *row, guint32 domain)
{
    struct edge edge = {.type = row->type, .domain = domain, .node = groups->nodes->len - 1};

    g_array_append_val(groups->edges, edge);
    node_at(groups, edge.node)->domains++;
}

/* One node for each run of rows with the same MX host, or the same domain without one. */
static void find_nodes(struct groups *groups)
{
    GArray *rows = groups->builder->rows;
    const struct fault_row *previous = NULL;
    guint32 last_domain = 0;

    g_array_sort_with_data(rows, by_node, groups->builder);
    for (guint i = 0; i < rows->len; i++) {
        struct fault_row *row = &g_array_index(rows, struct fault_row, i);
        const struct row_policy *policy = policy_of(groups->builder, row);
        bool other_domain = policy->domain != last_domain;
        bool other_node = previous == NULL || row->type != previous->type ||
                          row->mx != previous->mx || (row->mx == 0 && other_domain);
        struct edge *edge;

        if (other_node)
            add_node(groups, row);
        if (other_node || other_domain)
            add_edge(groups, row, policy->domain);
        row->group = groups->nodes->len - 1;
        node_at(groups, row->group)->first_day =
            MIN(node_at(groups, row->group)->first_day, policy->day);
        edge = &g_array_index(groups->edges, struct edge, groups->edges->len - 1);
        edge->sessions = count_add(edge->sessions, row->sessions);
        previous = row;
        last_domain = policy->domain;
    }
}

static void join_links(struct groups *groups, GArray *links)
{
    g_array_sort(links, by_link);
    for (guint i = 1; i < links->len; i++) {
        const struct link *before = &g_array_index(links, struct link, i - 1);
        const struct link *link = &g_array_index(links, struct link, i);
        if (link->type == before->type && link->name == before->name && link->day == before->day)
            join(groups->nodes, before->node, link->node);
    }
}

static void join_parents(struct groups *groups)
{
    struct names *names = groups->builder->names;
    g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(struct link));

    for (guint i = 0; i < groups->nodes->len; i++) {
        const struct node *node = node_at(groups, i);
        const char *parent = node->mx != 0 ? host_parent(names_text(names, node->mx)) : NULL;
        struct link link = {.type = node->type, .node = i};
        if (parent == NULL)
            continue;
        link.name = names_number(names, parent);
        g_array_append_val(links, link);
    }
    join_links(groups, links);
}

/* Adds the pairs of the hosts at which one domain fails: edges [from, to). */
static void add_pairs(struct groups *groups, guint from, guint to, GArray *pairs)
{
    guint32 hosts[PAIRED_HOSTS], count = 0;

    for (guint i = from; i < to && count < PAIRED_HOSTS; i++) {
        guint32 index = g_array_index(groups->edges, struct edge, i).node;
        if (node_at(groups, index)->mx != 0)
            hosts[count++] = index;
    }
    for (guint i = 0; i < count; i++)
        for (guint j = i + 1; j < count; j++) {
            struct pair pair = {hosts[i], hosts[j]};
            g_array_append_val(pairs, pair);
        }
}

/* One host with few domains is bound to each other host of this domain, so all are joined. */
static bool join_few(struct groups *groups, guint from, guint to)
{
    guint32 few = G_MAXUINT32;

    for (guint i = from; i < to && few == G_MAXUINT32; i++) {
        guint32 index = g_array_index(groups->edges, struct edge, i).node;
        if (node_at(groups, index)->mx != 0 && node_at(groups, index)->domains <= FEW_DOMAINS)
            few = index;
    }
    for (guint i = from; i < to && few != G_MAXUINT32; i++) {
        guint32 index = g_array_index(groups->edges, struct edge, i).node;
        if (node_at(groups, index)->mx != 0)
            join(groups->nodes, few, index);
    }
    return few != G_MAXUINT32;
}

/* A row without an MX host most likely speaks of the host where the domain fails most. */
static void attach_domain(struct groups *groups, guint from, guint to)
{
    const struct edge *best = NULL;
    guint32 domain = G_MAXUINT32;

    for (guint i = from; i < to; i++) {
        const struct edge *edge = &g_array_index(groups->edges, struct edge, i);
        if (node_at(groups, edge->node)->mx == 0)
            domain = edge->node;
        else if (best == NULL || edge->sessions > best->sessions)
            best = edge;
    }
    if (best == NULL || domain == G_MAXUINT32)
        return;
    join(groups->nodes, best->node, domain);
    node_at(groups, domain)->attached = true;
}

/* Each pair stands in `pairs` once for each domain that both hosts have in common. */
static void join_pairs(struct groups *groups, GArray *pairs)
{
    g_array_sort(pairs, by_pair);
    for (guint i = 0, shared = 1; i < pairs->len; i++, shared++) {
        const struct pair *pair = &g_array_index(pairs, struct pair, i);
        guint32 a = node_at(groups, pair->a)->domains, b = node_at(groups, pair->b)->domains;
        if (shared * 2 >= MIN(a, b))
            join(groups->nodes, pair->a, pair->b);
        if (i + 1 < pairs->len && by_pair(pair, pair + 1) != 0)
            shared = 0;
    }
}

static void join_shared_domains(struct groups *groups)
{
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(struct pair));
    const struct edge *edges;

    g_array_sort(groups->edges, by_domain);
    edges = (const struct edge *)(const void *)groups->edges->data;
    for (guint from = 0, to; from < groups->edges->len; from = to) {
        for (to = from + 1; to < groups->edges->len && edges[to].type == edges[from].type &&
                            edges[to].domain == edges[from].domain;)
            to++;
        if (edges[from].domain == 0)
            continue; /* an unknown domain joins nothing */
        if (!join_few(groups, from, to))
            add_pairs(groups, from, to, pairs);
        attach_domain(groups, from, to);
    }
    join_pairs(groups, pairs);
}

static void join_reasons(struct groups *groups)
{
    g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(struct link));

    for (guint i = 0; i < groups->builder->rows->len; i++) {
        const struct fault_row *row = &g_array_index(groups->builder->rows, struct fault_row, i);
        const struct node *node = node_at(groups, row->group);
        struct link link = {
            .type = row->type, .name = row->reason_key, .day = node->first_day, .node = row->group};
        if (row->mx == 0 && !node->attached)
            g_array_append_val(links, link);
    }
    join_links(groups, links);
}

void fault_group(struct fault_builder *builder)
{
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
    g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(struct edge));
    struct groups groups = {builder, nodes, edges};

    find_nodes(&groups);
    join_parents(&groups);
    join_shared_domains(&groups);
    join_reasons(&groups);
    for (guint i = 0; i < builder->rows->len; i++) {
        struct fault_row *row = &g_array_index(builder->rows, struct fault_row, i);
        row->group = root_of(nodes, row->group);
    }
}
