/*
 * Points at which a monitor of the build for tests (STK_FAULTS) ends itself, when a file says so: docs/faults.md. In any other
 * build nothing is left of them.
 */
#ifndef MONITOR_FAULTS_H
#define MONITOR_FAULTS_H

#ifdef STK_FAULTS

/* Opens the file, as descriptor 3, from which this process and its children learn which of them is to end, and where. */
void faults_open(void);

/* This process is one of that sort from here on: `monitor`, `child`, or `beside` for the two that help out; its points are counted anew. */
void faults_begin(const char *role);

/* Behind an operation. */
void fault_point(void);

#else

static inline void faults_open(void) {}
static inline void faults_begin(const char *role)
{
  (void)role;
}
static inline void fault_point(void) {}

#endif
#endif
