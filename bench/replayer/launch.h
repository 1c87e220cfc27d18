/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* launch.h - from the program without the peer to the one with it. */
#ifndef REPLAY_LAUNCH_H
#define REPLAY_LAUNCH_H

/* Makes bench/replay-6.1 in the build tree and becomes it; returns only to say 1. */
int launch_with_peer(char **argv);

#endif
