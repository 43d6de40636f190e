"""Errors that are in no operation's model, with the HTTP status that they come with."""

# Of the services that are asked in JSON: "Common Errors" in their API references. Their gateway
# answers all of these with 400, whatever the reference says.
JSON = {
    "AccessDeniedException": 400,
    "ExpiredTokenException": 400,
    "MissingAuthenticationTokenException": 400,
    "SerializationException": 400,
    "ServerException": 500,
    "ThrottlingException": 400,
    "UnknownOperationException": 400,
    "UnrecognizedClientException": 400,
}

# "Common Errors" in the API references of STS, Auto Scaling and Elastic Load Balancing.
QUERY = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "InternalFailure": 500,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "Throttling": 400,
    "UnknownParameter": 400,
    "ValidationError": 400,
}

# EC2's model has no errors at all: "Error codes for the Amazon EC2 API" in its API reference.
EC2 = {
    "AuthFailure": 401,
    "InternalError": 500,
    "InvalidAction": 400,
    "InvalidInstanceType": 400,
    "InvalidLaunchTemplateId.NotFound": 400,
    "InvalidLaunchTemplateId.VersionNotFound": 400,
    "InvalidParameterValue": 400,
    "InvalidSubnetID.NotFound": 400,
    "MissingAuthenticationToken": 403,
    "RequestExpired": 400,
    "RequestLimitExceeded": 503,
    "UnauthorizedOperation": 403,
    "UnknownParameter": 400,
}

COMMON = {"json": JSON, "query": QUERY, "ec2": EC2}
