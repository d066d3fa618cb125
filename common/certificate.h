/* certificate.h - what is wrong with a certificate, in words. */
#ifndef GRIDLOOP_CERTIFICATE_H
#define GRIDLOOP_CERTIFICATE_H

/* x509_error: OpenSSL's code of a verification, not 0. "certificate has expired", "hostname mismatch". Never NULL. */
const char *certificate_fault(int x509_error);

#endif
