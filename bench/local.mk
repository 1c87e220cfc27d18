# bench: peers built on demand, ratios for machines, Google Benchmark for people
include bench/replay.mk

EXTRA_DIST += bench/peers/README.md bench/peers/build.sh bench/peers/peer.h \
	bench/peers/peer_iova.c bench/peers/peer_pgtbl.c \
	bench/peers/compat/kcompat.h bench/peers/compat/kcompat.c

# Linux's own code is compiled with our compiler and our flags, and only when
# something that is compared with it is asked for.
PEER_INPUTS = $(srcdir)/bench/peers/build.sh $(srcdir)/bench/peers/peer.h \
	$(srcdir)/bench/peers/peer_iova.c $(srcdir)/bench/peers/peer_pgtbl.c \
	$(srcdir)/bench/peers/compat/kcompat.h $(srcdir)/bench/peers/compat/kcompat.c
PEER_BUILD = $(AM_V_GEN)CC='$(CC)' CFLAGS='$(CFLAGS)' AR='$(AR)' \
	$(SHELL) $(srcdir)/bench/peers/build.sh bench/peers
bench/peers/libpeers-6.1.a: $(PEER_INPUTS)
	$(PEER_BUILD) 6.1
bench/peers/libpeers-6.12.a: $(PEER_INPUTS)
	$(PEER_BUILD) 6.12

clean-local: clean-peers
clean-peers:
	-rm -rf bench/peers/obj-6.* bench/peers/src-6.* bench/peers/download \
		bench/peers/libpeers-6.*
.PHONY: clean-peers
