"""``x-amz-expected-bucket-owner``: S3 refuses a request for a bucket that belongs to another account.

Names of buckets are unique in all accounts, so the owner is the one account that has a bucket of that name.
"""

HEADER = "x-amz-expected-bucket-owner"


def install(responses, s3):
    """Puts the check in front of S3's requests."""
    handle = s3.handle_request

    async def checked(method, path, headers, *more, **options):
        expected = headers.get(HEADER)
        bucket = s3._parse_bucket_key(path, headers)[0]
        owners = {account for account, name in list(s3._buckets._data) if name == bucket}
        if expected and owners and expected not in owners:
            return responses.error_response_xml("AccessDenied", "Access Denied", 403)
        return await handle(method, path, headers, *more, **options)

    s3.handle_request = checked
