"""The payment methods that come with Taquilla. Each is written against the contract alone, as
somebody else's would be."""
