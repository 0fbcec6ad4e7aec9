/* What the service manager is told: sd_notify(3) without its library. */
#ifndef CLI_FOLLOW_NOTIFY_H
#define CLI_FOLLOW_NOTIFY_H

/* "READY=1", "STOPPING=1" ... to $NOTIFY_SOCKET; nothing where that is not set. */
void follow_notify(const char *state);

#endif
