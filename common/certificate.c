/* certificate.c - the user of OpenSSL for words about certificates. */
#include "common/certificate.h"

#include <openssl/x509_vfy.h>

const char *certificate_fault(int x509_error)
{
    return X509_verify_cert_error_string(x509_error);
}
