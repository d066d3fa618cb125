/* notify.h - tells the service manager how the program stands: sd_notify(3), a datagram to the socket that NOTIFY_SOCKET
 * names, without systemd's library. Under a manager that does not ask, or before notify_begin(), nothing happens, and a
 * manager that does not take a message loses it: no call waits or fails. */
#ifndef GRIDLOOP_NOTIFY_H
#define GRIDLOOP_NOTIFY_H

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. For daemons; gridloopctl does not call it. */
void notify_begin(void);

/* What the unit is for is being done, or will be without help: the first time, READY=1. */
void notify_ready(void);

/* The loop has turned: WATCHDOG=1, as often as is needed and not more. Without it for WatchdogSec= the manager ends the
 * program and starts it again. */
void notify_turn(void);

/* Settings are read again: RELOADING=1 in front, READY=1 behind, if it was ready at all. */
void notify_reloading(void);
void notify_reloaded(void);

/* STOPPING=1. May be called from a signal handler. */
void notify_stopping(void);

#endif
