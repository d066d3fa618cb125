/* reload.h - on SIGHUP a daemon reads its file and its environment again, with the loader that read them first.
 *
 * A setting whose row is marked OPTION_RELOADED is in force from the next turn of the loop on; of every other one that is
 * not what it was the log says that it needs a restart. A file that is wrong changes nothing: the log says where and why.
 * A file that a setting names is not looked at here: a password that was replaced in its file is used by the next
 * connection, without any signal. */
#ifndef GRIDLOOP_RELOAD_H
#define GRIDLOOP_RELOAD_H

#include <stdbool.h>

#include "common/option.h"

/* From now on SIGHUP only asks for it. All four were given to options_load() and outlive every later call. */
void reload_on_signal(const struct option_set *set, int argc, char **argv,
                      void *settings);

/* For the head of the loop. True: settings have changed. Without a signal it looks at one flag. */
bool reload_if_asked(void);

#endif
