# tlstriage: see README.md. `make` builds ./tlstriage; `make help` lists the targets.
BUILD ?= build
PKGS = glib-2.0 gmime-3.0 jansson libarchive sqlite3 zlib
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
WARN = -std=c17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
       -Wwrite-strings -Wformat=2 -Wundef
ifdef DEVELOPER
WARN += -Werror
endif
ALL_CFLAGS = $(WARN) -D_GNU_SOURCE -I. $(shell $(PKG_CONFIG) --cflags $(PKGS)) $(CPPFLAGS) $(CFLAGS)
LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS)) -lpthread

LAYERS = schema ingest analyze report cli
SRC = $(foreach layer,$(LAYERS),$(sort $(wildcard $(layer)/*.c)))
OBJ = $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/schema_sql.o $(BUILD)/knowledge_texts.o
SQL = $(sort $(wildcard schema/*.sql))
KNOWLEDGE = $(sort $(wildcard analyze/knowledge/*.txt))
TESTS = $(sort $(wildcard tests/*/test_*.c))
TEST_BIN = $(TESTS:%.c=$(BUILD)/%)

tlstriage: $(BUILD)/main.o $(BUILD)/libtlstriage.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libtlstriage.a: $(OBJ)
	rm -f $@; $(AR) rcs $@ $^

$(BUILD)/schema_sql.c: $(SQL) schema/embed.sh
	@mkdir -p $(@D); sh schema/embed.sh schema_sql $(SQL) >$@

$(BUILD)/knowledge_texts.c: $(KNOWLEDGE) schema/embed.sh
	@mkdir -p $(@D); sh schema/embed.sh knowledge_texts $(KNOWLEDGE) >$@

$(BUILD)/%.o: $(BUILD)/%.c
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A test links the objects of the modules it needs through the archive.
$(BUILD)/tests/%: tests/%.c $(BUILD)/libtlstriage.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libtlstriage.a $(LIBS) -lcmocka

check: $(TEST_BIN)
	@for t in $(TEST_BIN); do $$t || exit 1; done

clean:
	rm -rf $(BUILD) tlstriage

.PHONY: check clean
-include $(OBJ:.o=.d) $(TEST_BIN:=.d)
