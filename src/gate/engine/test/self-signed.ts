/** A certificate for localhost that nobody vouches for, and its key: worth nothing outside the tests. */
export const selfSigned: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAec9x+MrudGz4r3e
GJHfdkRsHANlmXzRz7PnO5rAjfChRANCAARBI2yC6GWpjY+osABHwl9WDMQScCJX
Aab5ewY9vi984psMt/gyRRYaPt7MSlhSSfYTew6g+Yrct+YMcJqDI+z9
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUZhzUWlXYXbjMh33IfRqrUGGua4MwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTAxNTIzNVoYDzIxMjYxMTAx
MDE1MjM1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARBI2yC6GWpjY+osABHwl9WDMQScCJXAab5ewY9vi984psMt/gyRRYa
Pt7MSlhSSfYTew6g+Yrct+YMcJqDI+z9o28wbTAdBgNVHQ4EFgQUkGcfO1y7OP7/
i0sWbimEjoPuQokwHwYDVR0jBBgwFoAUkGcfO1y7OP7/i0sWbimEjoPuQokwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhALHHoLmVylgVDy35TN/yZrQCpyjgAsBo4szTLt0BjPufAiEA
2cZZt8tDTWCvo6m5J+BUoAerNmUGis1MFI7NXWGLGt0=
-----END CERTIFICATE-----`,
}
