# Adit: two commands do everything on a fresh Debian 12.
#
#   sudo make run  [HOST=vpn.example.com]   installs what it needs, builds, starts a usable server on 443
#   sudo make test                          installs what tests need, runs every check and test
#
# `make` alone builds without root (the packages must be there: `sudo make deps`).

BUILD ?= build
HOST ?=
T ?= 60

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { echo "make: meson is missing; install what the build needs with: sudo make deps"; exit 1; }
	meson setup $(BUILD) >/dev/null

deps:
	tools/deps build

run:
	tools/deps run
	$(MAKE) all
	exec tools/run-server $(BUILD) "$(HOST)"

test:
	tools/deps test
	tests/run

fuzz:
	tools/deps test
	tests/fuzz/run $(T)

# A server under load that is killed and reloaded all the time, for T seconds.
soak:
	tools/deps test
	$(MAKE) all
	SOAK=$(T) tests/netns/38-living $(BUILD)

# A thousand reloads under traffic and connects: some minutes.
reloads:
	tools/deps test
	$(MAKE) all
	RELOADS=1000 tests/netns/36-reload $(BUILD) many

# Every allocation of a connect fails in turn, in each process of the server and the client: seconds for the server, more than
# half an hour for the client, which starts anew for each.
memory:
	tools/deps test
	$(MAKE) all
	WHOLE=1 tests/netns/39-memory $(BUILD)

bench:
	tools/deps bench
	$(MAKE) all
	bench/run $(BUILD)

# All of them in twelve minutes: make bench-all; or one: make bench-latency B="--runs 3 --parts idle,load"
BENCHES = bench-all bench-throughput bench-packets bench-latency bench-connects bench-sessions bench-io-uring
$(BENCHES):
	tools/deps bench
	$(MAKE) all
	bench/$(@:bench-%=%) $(BUILD) $(B)

# Below /usr/local, or where `meson configure build -Dprefix=…` says; DESTDIR= is honoured.
install: all
	tools/install install $(BUILD)

uninstall:
	tools/install uninstall $(BUILD)

# Debian packages, below build-deb/.
deb:
	tools/deps deb
	tools/make-deb

clean:
	rm -rf build build-*

.PHONY: all deps run test fuzz soak reloads memory bench $(BENCHES) install uninstall deb clean
