# tlstriage: see README.md. `make` builds ./tlstriage; `make help` lists the targets.
# CFLAGS, CPPFLAGS, LDFLAGS, CC, PKG_CONFIG, PREFIX and DESTDIR are the user's.
VERSION = 0.1.0
BUILD ?= build
PKGS = expat glib-2.0 gmime-3.0 jansson libarchive libpcre2-8 libxxhash sqlite3 zlib
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
WARN = -std=c17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
       -Wwrite-strings -Wformat=2 -Wundef
ifdef DEVELOPER
WARN += -Werror
endif
# HARDEN= and HARDEN_LINK= on the command line turn the hardening off. FORTIFY needs an optimiser,
# and a distribution may set it already.
FORTIFY = $(if $(findstring _FORTIFY_,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN = -fstack-protector-strong -fPIE $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),$(FORTIFY))
HARDEN_LINK = -pie -Wl,-z,relro,-z,now

# Asked for once, and only when something is compiled: `make deps` runs before pkg-config exists.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(PKGS)))$(PKG_LIBS)
# V=1 shows the commands.
SAY = $(if $(V),,@printf '  %-4s %s\n' $(1) $@ &&)
COMPILE = $(CC) $(WARN) $(HARDEN) -D_GNU_SOURCE -DTLSTRIAGE_VERSION='"$(VERSION)"' -I. $(PKG_CFLAGS) \
          $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d
LINK = -Wl,--as-needed $(HARDEN_LINK) $(LDFLAGS)
LIBS = $(PKG_LIBS) -lpthread -lm
# Loaded when the first zip comes (ingest/archive_library_private.h): the name it is installed under.
LIBARCHIVE = $(shell readelf -d $$($(CC) -print-file-name=libarchive.so) 2>/dev/null | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
$(BUILD)/ingest/archive_library.o: CPPFLAGS += $(if $(LIBARCHIVE),-DLIBARCHIVE_SONAME='"$(LIBARCHIVE)"')

LAYERS = schema ingest ingest/log analyze report cli
SRC = $(foreach layer,$(LAYERS),$(sort $(wildcard $(layer)/*.c)))
OBJ = $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/schema_sql.o $(BUILD)/knowledge_texts.o
LIB = $(BUILD)/libtlstriage.a
SQL = $(sort $(wildcard schema/*.sql))
KNOWLEDGE = $(sort $(wildcard analyze/knowledge/*.txt))
TEST_BIN = $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/*/test_*.c)))
FUZZ_BIN = $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BENCH_BIN = $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bench/*.c)))
LONG_BIN = $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/long/*.c)))
FUZZ_MAIN = $(BUILD)/tests/fuzz/replay.o
SECONDS = 3600

all: tlstriage ## build ./tlstriage (the default)

tlstriage: $(BUILD)/tlstriage
	@cp $< $@

$(BUILD)/tlstriage: $(BUILD)/main.o $(LIB)
	$(call SAY,LINK) $(CC) $(CFLAGS) $(HARDEN) $(LINK) -o $@ $^ $(LIBS)

$(LIB): $(OBJ)
	$(call SAY,AR) rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/schema_sql.c: $(SQL) schema/embed.sh
	@mkdir -p $(@D); sh schema/embed.sh schema_sql $(SQL) >$@

$(BUILD)/knowledge_texts.c: $(KNOWLEDGE) schema/embed.sh
	@mkdir -p $(@D); sh schema/embed.sh knowledge_texts $(KNOWLEDGE) >$@

$(BUILD)/%.o: $(BUILD)/%.c
	$(call SAY,CC) $(COMPILE) -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,CC) $(COMPILE) -c -o $@ $<

# A test links the objects of the modules it needs through the archive.
$(BUILD)/tests/%: tests/%.c $(LIB)
	@mkdir -p $(@D)
	$(call SAY,LINK) $(COMPILE) $(LINK) -o $@ $< $(LIB) $(LIBS) $(if $(findstring /test_,$@),-lcmocka)

$(FUZZ_BIN): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(LIB) $(filter %.o,$(FUZZ_MAIN))
	$(call SAY,LINK) $(CC) $(CFLAGS) $(HARDEN) $(LINK) -o $@ $< $(FUZZ_MAIN) $(LIB) $(LIBS)

tests: $(TEST_BIN) $(FUZZ_BIN)

deps: ## install what building and testing need; the only target that installs anything
	@sh tests/lib/deps.sh

demo: all ## read the sample mails and log of contrib/demo and print their digest
	@TLSTRIAGE=./tlstriage sh tests/lib/demo.sh

check: ## all tests that a change must pass, in under five minutes
	@MAKE='$(MAKE)' BUILD='$(BUILD)' sh tests/lib/check.sh

check-full: check all $(BENCH_BIN) $(LONG_BIN) ## the long tests as well: mail servers, full disks, kill -9, crowds
	@TLSTRIAGE='$(CURDIR)/tlstriage' BUILD='$(BUILD)' sh tests/lib/check-long.sh

check-corpus: all ## compare with the facts known of the reports in $TLSTRIAGE_CORPUS
	@TLSTRIAGE='$(CURDIR)/tlstriage' sh tests/corpus/check.sh "$${TLSTRIAGE_CORPUS:?names no folder}"

fuzz: ## build the fuzz targets with clang's libFuzzer
	@$(MAKE) BUILD=$(BUILD)/fuzz CC=clang CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined' \
	    HARDEN= HARDEN_LINK= FUZZ_MAIN=-fsanitize=fuzzer fuzz-targets

fuzz-targets: $(FUZZ_BIN)

fuzz-%: fuzz ## fuzz-NAME: fuzz one target for SECONDS=3600; keeps what it finds in BUILD/fuzz
	@mkdir -p $(BUILD)/fuzz/corpus/$* tests/fuzz/corpus/$*
	$(BUILD)/fuzz/tests/fuzz/fuzz_$* -max_total_time=$(SECONDS) -timeout=25 -rss_limit_mb=1024 \
	    -artifact_prefix=$(BUILD)/fuzz/$*- $(BUILD)/fuzz/corpus/$* tests/fuzz/corpus/$*

bench: all $(BENCH_BIN) ## measure against the floors of tests/bench; MAILS='1000 10000' LINES='100000'
	@sh tests/bench/run.sh '$(CURDIR)/tlstriage' '$(BUILD)' $(MAILS)
	@sh tests/bench/logs.sh '$(CURDIR)/tlstriage' '$(BUILD)' $(LINES)

install: all ## install below $(DESTDIR)$(PREFIX), PREFIX=/usr/local
	@sh contrib/install.sh install

uninstall: ## remove what install put there; the store and the configuration stay
	@sh contrib/install.sh uninstall

dist: ## BUILD/tlstriage-VERSION.tar.gz of the last commit
	@mkdir -p $(BUILD)
	git archive --prefix=tlstriage-$(VERSION)/ -o $(BUILD)/tlstriage-$(VERSION).tar.gz HEAD

clean: ## remove what was built
	rm -rf $(BUILD) tlstriage

help: ## this list
	@sed -n 's/^\([a-z%-]*\):.* ## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

export PREFIX DESTDIR
# deps comes before what needs it, whatever -j says.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all tests deps demo check check-full check-corpus fuzz fuzz-targets bench install uninstall \
        dist clean help
-include $(wildcard $(OBJ:=.d) $(BUILD)/main.o.d $(TEST_BIN:=.d) $(BENCH_BIN:=.d) $(LONG_BIN:=.d) $(FUZZ_BIN:=.o.d))
