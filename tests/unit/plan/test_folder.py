"""Where what speaks of some figures lies: beside the whole, under a name of its own."""

from infwidth.plan.graph import load_graph


def test_the_whole_is_in_the_folder_of_its_scale() -> None:
    everything = load_graph("smoke")
    assert everything.folder == "smoke"
    assert load_graph("smoke", ",".join(figure.rule for figure in everything.figures)).folder == "smoke"


def test_a_part_has_a_folder_of_its_own_whatever_the_order() -> None:
    assert load_graph("smoke", "vyas2023_fig6").folder == "smoke/only/vyas2023_fig6"
    assert (
        load_graph("smoke", "vyas2023_fig6,mei2018_radial").folder
        == load_graph("smoke", "mei2018_radial, vyas2023_fig6").folder
        == "smoke/only/mei2018_radial+vyas2023_fig6"
    )


def test_many_figures_have_a_short_name_of_their_own() -> None:
    rules = [figure.rule for figure in load_graph("smoke").figures]
    first, second = (load_graph("smoke", ",".join(some)).folder for some in (rules[1:], rules[:-1]))
    assert first != second
    assert first.startswith(f"smoke/only/{min(rules[1:])}+{len(rules) - 2}_more_")
    assert max(map(len, (first, second))) < 120
