"""Which of the parameters that are wide in their fan-in only are the model's output, and which lie inside the net."""

from collections.abc import Mapping, Sequence

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.roles import ParameterRole, Role

_MATRICES = (Role.INPUT, Role.HIDDEN, Role.OUTPUT)


def readouts(roles: Mapping[str, ParameterRole], fan_out: Mapping[str, int]) -> tuple[set[str], set[str]]:
    """Return the names of the model's readouts, and of those that may be readouts or not.

    Every output-like matrix, wide in its fan-in only, has the scale of a readout, wherever it stands: a bottleneck,
    keys of a fixed width, LoRA's A. But only what no wide layer follows is the model's output. ``roles`` are in the
    order in which the model registers its parameters: the output-like matrices behind all other matrices are readouts,
    and so is a single one.
    One before them lies inside the net if a later read-in takes a multiple of its ``fan_out`` outputs; of any other
    nothing is known (a head with hidden layers of its own, or a net that registers its head first).
    """
    matrices = [name for name, role in roles.items() if role.role in _MATRICES]
    output_like = [name for name in matrices if roles[name].role is Role.OUTPUT]
    if len(output_like) == 1:
        return set(output_like), set()
    last_inside = max((i for i, name in enumerate(matrices) if roles[name].role is not Role.OUTPUT), default=-1)
    last = {name for name in output_like if matrices.index(name) > last_inside}
    unknown = set()
    for name in output_like:
        later = matrices[matrices.index(name) + 1 :]
        consumed = any(roles[other].role is Role.INPUT and roles[other].fan_in % fan_out[name] == 0 for other in later)
        if name not in last and not consumed:
            unknown.add(name)
    return last, unknown


def chosen_readouts(
    roles: Mapping[str, ParameterRole], fan_out: Mapping[str, int], named: Sequence[str] | None
) -> set[str]:
    """Return the readouts that ``zero_readout`` and ``readout_scale`` touch: those ``named``, or all where they show.

    Raises SpecError for a name that is no output-like matrix, and where none is named and it cannot be told.
    """
    output_like = {name for name, role in roles.items() if role.role is Role.OUTPUT}
    if named is not None:
        names = set(named)
        for name in sorted(names - output_like):
            raise SpecError(
                f"readout names '{name}', which is no parameter that is wide in its fan-in only"
                f"{nearest(name, output_like)}; these are: {', '.join(sorted(output_like)) or 'none'}"
            )
        return names
    found, unknown = readouts(roles, fan_out)
    if not output_like:
        raise SpecError(
            "readout_scale and zero_readout need a readout, a parameter wide in its fan-in only, and none is seen;"
            " at the base width pass delta_model=, the same net at any other width"
        )
    if unknown or not found:
        raise SpecError(
            f"which of {', '.join(sorted(output_like))} is the model's output cannot be told from their order and"
            " shapes; name it, or several, in readout="
        )
    return found
