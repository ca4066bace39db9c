"""Every filter that AWS documents for a served operation is taken: the names stand in the documentation inside botocore."""

import re

from botocore import xform_name

LISTED = re.compile(r"<li>\s*<p>\s*<code>([^<]+)</code>(.*?)</li>", re.S)
ALSO = re.compile(r"(?:also use|or|and) <code>([a-zA-Z0-9.-]+)</code>")


def documented(model, operation):
    """The argument that takes filters, and their names; other spellings that the text allows are among them."""
    shape = model.operation_model(operation).input_shape
    argument = next((name for name in ("Filters", "Filter") if shape and name in shape.members), None)
    if argument is None:
        return None, []
    names = []
    for name, text in LISTED.findall(shape.members[argument].documentation):
        names += [name] + (ALSO.findall(text) if "as the filter name" in text else [])
    return argument, [re.sub(r"^tag(:.*)?$", "tag:team", name) for name in names]


def refused(client, operations, more):
    """The filters that a region does not take; `more` has what operations need beside them."""
    found = []
    for operation in operations:
        argument, names = documented(client.meta.service_model, operation)
        for name in names:
            try:
                arguments = {**more.get(operation, {}), argument: [{"Name": name, "Values": ["none"]}]}
                getattr(client, xform_name(operation))(**arguments)
            except client.exceptions.ClientError as error:
                if "The filter" in error.response["Error"]["Message"]:
                    found.append(f"{operation} {name}")
    return found
