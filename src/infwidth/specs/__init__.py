'''Specs: what can be trained or computed, as frozen, strict blocks of values. No torch, no numpy.

A computation of kind ``solve`` is a function of its typed block and its data, both in one module: ``rows`` of
``infwidth.solve.<name>``, or, as ``<paper>.<function>``, one of ``infwidth.papers.<paper>.solve``. Its block is the
type of the parameter ``spec``. Planning imports the module, so that its top level imports nothing heavy:

    class Spec(Block):
        """The parameters and their units."""

        name: Literal["correlation"]
        takes: ClassVar = ()  # the blocks of data that it takes: (Images,), say

        width: Width
        lr: Positive

    def rows(spec: Spec, data: None) -> Rows:
        """Return the metrics, with their shapes."""
'''
