/*
 * Every limit on what strangers send. Past one of them an issue is recorded and what came before
 * is kept.
 */
#ifndef INGEST_LIMITS_H
#define INGEST_LIMITS_H

#define LIMIT_MESSAGE_BYTES (25u << 20)  /* one mail, as it came */
#define LIMIT_UNPACKED_BYTES (64u << 20) /* all that one mail or file unpacks to */
#define LIMIT_UNPACK_RATIO 1200          /* deflate's own ceiling is 1032 to 1 */
#define LIMIT_UNPACK_DEPTH 3             /* gzip in gzip in zip */
#define LIMIT_ZIP_MEMBERS 1000

#define LIMIT_MIME_PARTS 1000
#define LIMIT_MIME_DEPTH 20 /* multiparts and message/rfc822 together */
#define LIMIT_REPORTS_PER_ARRIVAL 10000

#define LIMIT_JSON_DEPTH 64
#define LIMIT_JSON_VALUES 2000000
#define LIMIT_JSON_MEMORY_MIB 256 /* what the JSON parser may allocate for one report */
#define LIMIT_JSON_MEMORY ((size_t)LIMIT_JSON_MEMORY_MIB << 20)

#define LIMIT_DMARC_BYTES (256u << 20)     /* of one report's XML, read as it is unpacked */
#define LIMIT_DMARC_ROWS 500000            /* of one report */
#define LIMIT_DMARC_ROWS_BYTES (96u << 20) /* of them with their texts and lists */
#define LIMIT_DMARC_RESULTS 100            /* of one row; RFC 9990 allows no more either */
#define LIMIT_DMARC_REASONS 20             /* of one row */
#define LIMIT_XML_DEPTH 64
#define LIMIT_XML_NAMES_BYTES (4u << 20) /* of all different names; expat forgets none */
#define LIMIT_XML_NESTED 10000           /* past that depth; then the rest is dropped */
#define LIMIT_XML_TOKEN_BYTES (1u << 20) /* one tag or comment */
#define LIMIT_XML_TAG_BYTES (64u << 10)  /* one tag with its attributes, where XML is broken */

#define LIMIT_POLICIES 10000     /* of one report */
#define LIMIT_DETAILS 100000     /* of one report, over all its policies */
#define LIMIT_POLICY_STRINGS 200 /* of one policy */
#define LIMIT_MX_HOSTS 200       /* of one policy */
#define LIMIT_ISSUES 100         /* of one report or arrival; the last one says so */

#define LIMIT_TEXT_BYTES 1024   /* free text: reason codes, organization, subject ... */
#define LIMIT_STRING_BYTES 4096 /* one policy string: a full certificate in TLSA fits */
#define LIMIT_DOMAIN_BYTES 253  /* RFC 1035, section 2.3.4 */

#define LIMIT_DIRECTORY_DEPTH 32

#define LIMIT_LOG_LINE_BYTES (64u << 10)     /* the rest of a longer line is dropped */
#define LIMIT_LOG_KEPT_BYTES 2048            /* of a line that is kept with a failure */
#define LIMIT_JOURNAL_ENTRY_BYTES (1u << 20) /* one entry of journalctl -o json or export */

#define LIMIT_QUEUE_LINE_BYTES (1u << 20) /* one message of postqueue -j, with its recipients */
#define LIMIT_QUEUE_MESSAGES 1000000

#endif
