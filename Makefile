# Bom Bo. `make help` lists what there is. One makefile, non-recursive; folders are found, not listed.
PORT  ?= 8080
DATA  ?= data
STORE ?=
N     ?= 300
CC    ?= gcc
FUZZ_CC ?= clang
PY    := /usr/bin/python3
B     := build

PKGS := sqlite3 libpq openssl libcurl pangocairo cairo-pdf libqrencode libpcre2-8 libxml-2.0 libheif libjpeg libpng zlib libbrotlienc md4c yaml-0.1
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -largon2 -lmagic -lqpdf -lp11 -lturbojpeg -lpthread -lm

WARN := -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
  -Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wcast-align -Wvla -Wformat=2 -Wswitch-enum \
  -Wundef -Wnull-dereference -Wimplicit-fallthrough -fno-common
BASE_FLAGS := -std=gnu17 -D_GNU_SOURCE -Isrc -I$(B) -include src/base/banned.h $(WARN) $(PKG_CFLAGS) -MMD -MP
REL_FLAGS  := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
ifneq (,$(findstring gcc,$(CC)))
REL_FLAGS  += -ftrivial-auto-var-init=zero
endif
# a fast linker when there is one: forty test programs are linked
FAST_LD    := $(shell command -v mold >/dev/null 2>&1 && echo -fuse-ld=mold)
REL_LD     := -pie -Wl,-z,relro,-z,now
ASAN_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DBOMBO_TEST=1

SRC   := $(sort $(shell find src -name '*.c' -not -path '*/test/*'))
GENIN := $(sort $(shell find src -name 'queries.sql' -o -name 'schema.sql' -o -path '*/pages/*.html' -o -path '*/text/*.txt' -o -name errors.def) $(wildcard tools/*.py) $(shell find ui -type f 2>/dev/null) $(wildcard doc/guide/*.md))
GENC  := $(B)/gen/gen_all.c
LIBSRC := $(filter-out src/app/main.c,$(SRC))
TESTS := $(sort $(shell find src -path '*/test/test_*.c'))
TESTLIB := $(sort $(wildcard test/lib/*.c))
REL_OBJ  := $(LIBSRC:%.c=$(B)/rel/%.o) $(B)/rel/gen_all.o
ASAN_OBJ := $(LIBSRC:%.c=$(B)/asan/%.o) $(TESTLIB:%.c=$(B)/asan/%.o) $(B)/asan/gen_all.o
TEST_BIN := $(TESTS:src/%.c=$(B)/test/%)

.PHONY: help all bench-tools demo-pack run run-two check check-quick check-full check-ha bench lint fuzz test deps deb gen clean ui
help: ## what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 16
all: $(B)/bombo $(B)/demo-pack/made ## build the program

deps: ## install what is missing (Debian packages, npm packages)
	@tools/install-deps
run: deps ## install, build, prepare the data folder, serve on PORT
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@mkdir -p $(DATA)
	@$(B)/bombo run --port $(PORT) --data $(DATA) $(if $(STORE),--store $(STORE)) $(if $(RELAY_PORT),--relay-port $(RELAY_PORT)) $(if $(NODE_PORT),--node-port $(NODE_PORT)) --demo --n $(N) --log-file $(DATA)/bombo.log
run-two: deps all ## two demo installations that exchange signed, time-stamped calls: evidence to look at
	@node tools/run-two.mjs
check-quick: ## under 5 minutes, for every commit
	@tools/check quick
check: ## every test that guards a landing
	@tools/check full
check-full: ## the long ones too
	@tools/check long
check-ha: all ## the primary of a three-machine database lost HA_ROUNDS times (24; a quarter of an hour)
	@tools/install-deps ha
	@HA_ROUNDS=$(or $(HA_ROUNDS),24) HA_LIMIT_S=$(or $(HA_LIMIT_S),30) tools/with-cluster node --test test/ha/failover.test.mjs
bench: all bench-tools ## measure (half an hour and more; BENCH_N=100000: less); writes build/bench.json, build/bench-relay.json, build/bench-signed.json, build/bench-boxes.json
	-@tools/install-deps bench
	@tools/bench
	@tools/bench-relay
	@node bench/signed.mjs > $(B)/bench-signed.json
	@node bench/boxes.mjs
lint: ## include direction, module shape, warnings, clang-tidy, cppcheck, formatting
	@tools/lint
fuzz: ## fuzz each target for FUZZ_S seconds (default 60)
	@tools/fuzz
test: $(TEST_BIN) ## C tests with sanitizers
	@tools/run-c-tests $(TEST_BIN)
deb: all ## a Debian package, build/bombo_VERSION_ARCH.deb
	@tools/deb
gen: $(GENC) ## generated sources
demo-pack: $(B)/demo-pack/made ## the generated half of the demo's content
$(B)/demo-pack/made: tools/demogen.py $(wildcard tools/demo/*.csv) $(wildcard packs/binh-phuoc/procedures/*.json)
	@$(PY) tools/demogen.py $(B)/demo-pack
	@touch $@
clean: ## remove what was built
	rm -rf $(B)

$(GENC): $(GENIN)
	@mkdir -p $(B)/gen
	@$(PY) tools/gen.py $(B)/gen
$(B)/rel/gen_all.o: $(GENC)
	@mkdir -p $(@D)
	@$(CC) $(BASE_FLAGS) $(REL_FLAGS) -c $< -o $@
$(B)/asan/gen_all.o: $(GENC)
	@mkdir -p $(@D)
	@$(CC) $(BASE_FLAGS) $(ASAN_FLAGS) -c $< -o $@
$(B)/rel/%.o: %.c | $(GENC)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(BASE_FLAGS) $(REL_FLAGS) -c $< -o $@
$(B)/asan/test/%.o: test/%.c | $(GENC)
	@mkdir -p $(@D)
	@$(CC) $(BASE_FLAGS) -Itest $(ASAN_FLAGS) -c $< -o $@
$(B)/asan/%.o: %.c | $(GENC)
	@mkdir -p $(@D)
	@$(CC) $(BASE_FLAGS) $(ASAN_FLAGS) -c $< -o $@
$(B)/asan/libbombo.a: $(ASAN_OBJ)
	@rm -f $@ && ar rcs $@ $^
$(B)/bombo: $(REL_OBJ) $(B)/rel/src/app/main.o
	@$(CC) $(REL_FLAGS) $(REL_LD) $^ -o $@ $(PKG_LIBS)
$(B)/bombo-asan: $(B)/asan/src/app/main.o $(B)/asan/libbombo.a
	@$(CC) $(ASAN_FLAGS) $(FAST_LD) $^ -o $@ $(PKG_LIBS)
$(B)/test/%: src/%.c $(B)/asan/libbombo.a
	@mkdir -p $(@D)
	@$(CC) $(BASE_FLAGS) -Itest -Wno-missing-prototypes $(ASAN_FLAGS) $(FAST_LD) $< $(B)/asan/libbombo.a -o $@ $(PKG_LIBS) -lcmocka

# Small programs between stdin and stdout, for second opinions of other libraries (test/node).
$(B)/testtools/%: test/tools/%.c $(B)/asan/libbombo.a
	@mkdir -p $(@D)
	@$(CC) $(filter-out -MMD -MP,$(BASE_FLAGS)) -Itest -Wno-missing-prototypes $(ASAN_FLAGS) $< $(B)/asan/libbombo.a -o $@ $(PKG_LIBS) -lcmocka
# what tests preload into the program
$(B)/testtools/%.so: test/preload/%.c
	@mkdir -p $(@D)
	@$(CC) -O2 -Wall -Wextra -Werror -shared -fPIC $< -o $@
# this program with the schema of a coming version, which it is upgraded to (test/http/upgrade.test.mjs)
$(B)/testtools/bombo-next: test/tools/next_program.py $(REL_OBJ) $(B)/rel/src/app/main.o
	@mkdir -p $(@D)
	@/usr/bin/python3 $< $(B)/next
	@$(CC) $(BASE_FLAGS) $(REL_FLAGS) -Dstore_program_schema=__wrap_store_program_schema -Dstore_all_stmts=next_all_stmts -Dstore_n_stmts=next_n_stmts -c $(B)/next/gen/q_all.c -o $(B)/next/q_all.o
	@$(CC) $(REL_FLAGS) $(REL_LD) -Wl,--wrap=store_program_schema $(REL_OBJ) $(B)/rel/src/app/main.o $(B)/next/q_all.o -o $@ $(PKG_LIBS)
TESTTOOLS := $(B)/testtools/bombo-next $(patsubst test/tools/%.c,$(B)/testtools/%,$(wildcard test/tools/*.c)) $(patsubst test/preload/%.c,$(B)/testtools/%.so,$(wildcard test/preload/*.c))
.PHONY: testtools
testtools: $(TESTTOOLS)

# Measuring: a load generator, the bare loop to compare with, and what is measured inside the program.
bench-tools: $(B)/bench/load $(B)/bench/bare $(B)/bench/inproc
$(B)/bench/inproc: bench/inproc.c bench/steps.c test/lib/fault_vfs.c test/lib/fault_image.c $(REL_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(filter-out -MMD -MP,$(BASE_FLAGS)) -I. -Itest $(REL_FLAGS) $(REL_LD) $^ -o $@ $(PKG_LIBS)
$(B)/bench/bare: bench/bare.c bench/bare_pg.c test/lib/fault_vfs.c test/lib/fault_image.c $(REL_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(filter-out -MMD -MP,$(BASE_FLAGS)) -I. -Itest $(REL_FLAGS) $(REL_LD) $^ -o $@ $(PKG_LIBS)
$(B)/bench/load: bench/load.c
	@mkdir -p $(@D)
	@$(CC) -O2 -D_GNU_SOURCE -Wall -Wextra -Werror $< -o $@

# Fuzzing: the library once more with clang's instrumentation, and plain drivers that replay corpora.
FUZZ_FLAGS := -std=gnu17 -D_GNU_SOURCE -Isrc -I$(B) -Ifuzz -include src/base/banned.h $(PKG_CFLAGS) -MMD -MP \
  -w -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DBOMBO_TEST=1
FUZZ_OBJ := $(LIBSRC:%.c=$(B)/fuzz/%.o) $(B)/fuzz/gen_all.o
$(B)/fuzz/gen_all.o: $(GENC)
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -c $< -o $@
$(B)/fuzz/src/%.o: src/%.c | $(GENC)
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -c $< -o $@
$(B)/fuzz/libbombo.a: $(FUZZ_OBJ)
	@rm -f $@ && ar rcs $@ $^
$(B)/fuzz/fuzz_%: fuzz/fuzz_%.c $(B)/fuzz/libbombo.a
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer $< $(B)/fuzz/libbombo.a -o $@ $(PKG_LIBS)
$(B)/replay/fuzz_%: fuzz/fuzz_%.c fuzz/replay_main.c fuzz/fuzz.h $(B)/asan/libbombo.a
	@mkdir -p $(@D)
	@$(CC) $(filter-out -MMD -MP,$(BASE_FLAGS)) -Ifuzz -Wno-missing-prototypes $(ASAN_FLAGS) $(FAST_LD) $< fuzz/replay_main.c $(B)/asan/libbombo.a -o $@ $(PKG_LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
