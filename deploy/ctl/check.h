/* check.h - what gridloopctl check --live looks at, once it knows where. */
#ifndef GRIDLOOP_CTL_CHECK_H
#define GRIDLOOP_CTL_CHECK_H

#include "common/option.h"
#include "common/registry.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/findings.h"

struct live {
    struct pg_settings database;
    struct registry_settings registry;
    struct kafka_properties kafka;
    const char *name_space;
    int64_t retention_days;
};

/* Each part that is not configured is said to be so. */
void check_live(const struct live *live, struct findings *findings);

#endif
