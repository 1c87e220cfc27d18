// SPDX-License-Identifier: GPL-2.0-only OR MIT
// gbench.cc - Google Benchmark behind the C interface of gbench.h.
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cerrno>

struct gbench_run {
	benchmark::State *state;
};

int gbench_init(int *argc, char **argv)
{
	benchmark::Initialize(argc, argv);
	return benchmark::ReportUnrecognizedArguments(*argc, argv) ? -EINVAL : 0;
}

// One turn of the loop per repetition: a turn is a whole measured round, and its time
// is the time of one operation, so letting the library choose the number of turns
// from that time would make it run for hours.
void gbench_add(const char *name, gbench_fn *fn, void *ctx, int repetitions)
{
	benchmark::RegisterBenchmark(name,
				     [fn, ctx](benchmark::State &state) {
					     struct gbench_run run = { &state };

					     fn(&run, ctx);
				     })
		->UseManualTime()
		->Iterations(1)
		->Repetitions(repetitions)
		->ReportAggregatesOnly(repetitions > 1);
}

bool gbench_next(struct gbench_run *run)
{
	return run->state->KeepRunning();
}

void gbench_set_ns(struct gbench_run *run, double ns)
{
	run->state->SetIterationTime(ns * 1e-9);
}

int gbench_run_all(void)
{
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	return 0;
}
