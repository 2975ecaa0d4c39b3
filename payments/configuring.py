"""From an account, as an operator wrote it, to a method that is ready: the account's configuration
is checked against what the method asks for, and faults are told by field, never by value."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, get_args

from pydantic import SecretStr, ValidationError

from payments.accounts import Account, ConfigValue, field_faults
from payments.contract import AnyPaymentMethod, Context, MethodConfig

MethodClass: TypeAlias = type[AnyPaymentMethod]

_OUR_FIELDS = {"environment"}


def config_model_faults(model: type[MethodConfig]) -> list[str]:
    """What a model of configuration must be: no secret leaves it, and nothing in it moves."""
    wants = {"frozen": True, "extra": "forbid", "hide_input_in_errors": True}
    return [
        f"{model.__name__} must keep {name}={value!r}"
        for name, value in wants.items()
        if model.model_config.get(name) != value
    ]


def make_method(kind: MethodClass, account: Account, context: Context) -> AnyPaymentMethod | str:
    """The method, or what is wrong with the account."""
    faults = [*account.faults, *_secrets_in_clear(kind.config_model, account.config)]
    if _OUR_FIELDS & account.config.keys():
        faults.append("environment stands beside config, not in it")
    if faults:
        return "; ".join(faults)
    values = {name: _fitting(kind, name, value) for name, value in account.config.items()}
    try:
        config = kind.config_model.model_validate({**values, "environment": account.environment})
    except ValidationError as error:
        return "; ".join(field_faults(error))
    try:
        return kind(config, context)
    except Exception as error:  # noqa: BLE001 - the code of strangers
        return f"it cannot be made: {type(error).__name__}"


def _is_secret(model: type[MethodConfig], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and _mentions_secret(field.annotation)


def _mentions_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_mentions_secret(each) for each in get_args(annotation))


def _secrets_in_clear(
    model: type[MethodConfig], config: Mapping[str, ConfigValue]
) -> Sequence[str]:
    return [
        f"{name}: a secret is named by where it lies: {{ env = … }} or {{ file = … }}"
        for name, value in config.items()
        if _is_secret(model, name) and _has_text(value)
    ]


def _has_text(value: ConfigValue) -> bool:
    match value:
        case str():
            return True
        case Mapping():
            return any(_has_text(each) for each in value.values())
        case SecretStr():
            return False
        case Sequence():
            return any(_has_text(each) for each in value)
        case _:
            return False


def _fitting(kind: MethodClass, name: str, value: ConfigValue) -> ConfigValue:
    """What lies in a variable or a file may be no secret at all: a merchant's number, say."""
    if isinstance(value, SecretStr) and not _is_secret(kind.config_model, name):
        return value.get_secret_value()
    return value
