using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>One VIP of one client: what it announces, and why it does or does not.</summary>
internal sealed record LeaseVip(string Name)
{
    private const int ReasonMaximum = 255;
    private const int PrefixTextMaximum = 64;

    /// <summary>Announced while the lease lives, held until <see cref="HeldUntil"/>, or withdrawn.</summary>
    public RouteState State { get; init; } = RouteState.Withdrawn;

    /// <summary>In one line.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Well-formed and allowed; kept when withdrawn, for views.</summary>
    public ValueList<DesiredRoute> Routes { get; init; }

    /// <summary>The other ones.</summary>
    public ValueList<RefusedRoute> Refused { get; init; }

    /// <summary>What the client last declared: <see cref="Routes"/> and <see cref="Refused"/> come from it.</summary>
    private ValueList<RouteDeclaration> Declared { get; init; }

    /// <summary>Set exactly while held.</summary>
    public TimeSpan? HeldUntil { get; init; }

    /// <summary>True while its routes belong to what the client announces.</summary>
    public bool IsAnnouncing => State is RouteState.Announced or RouteState.Held;

    /// <summary>The client does not know yet, and nothing that could be held was announced.</summary>
    public bool IsUndecided { get; private init; }

    /// <summary>What bounds count.</summary>
    public int RouteCount => Routes.Count + Refused.Count;

    /// <summary>The client speaks about the VIP.</summary>
    /// <param name="declaration">What it says.</param>
    /// <param name="deadline">When the lease would have run out without this request.</param>
    /// <param name="allowList">What may be announced.</param>
    public LeaseVip Declare(VipDeclaration declaration, TimeSpan deadline, AllowList allowList)
    {
        var reason = OneLine(declaration.Reason, ReasonMaximum);
        switch (declaration.Intent)
        {
            case VipIntent.Announce:
                var announced = this with
                {
                    State = RouteState.Announced,
                    HeldUntil = null,
                    IsUndecided = false,
                    Reason = Or(reason, "announced"),
                };
                // What is held may have lost routes to another allow-list; what is announced has been judged whole.
                return State == RouteState.Announced && declaration.Routes == Declared
                    ? announced
                    : announced.WithRoutes(declaration.Routes, allowList);
            case VipIntent.Unknown when IsAnnouncing:
                return Hold(deadline, Or(reason, "the client does not know yet"));
            default:
                var withdrawn = Withdraw(Or(reason, declaration.Intent == VipIntent.Unknown
                    ? "not announced: the client does not know yet"
                    : "withdrawn by the client")) with { IsUndecided = declaration.Intent == VipIntent.Unknown };
                return declaration.Routes.Count == 0 ? withdrawn : withdrawn.WithRoutes(declaration.Routes, allowList);
        }
    }

    /// <summary>Judges what was declared by another allow-list.</summary>
    public LeaseVip Judge(AllowList allowList)
    {
        if (Declared.Count == 0)
            return this;
        var judged = WithRoutes(Declared, allowList);
        if (State != RouteState.Held)
            return judged;
        // What is held was announced before: nothing joins it that nobody vouches for now.
        var announced = Routes.ToHashSet();
        return judged with { Routes = judged.Routes.Where(announced.Contains).ToValueList() };
    }

    /// <summary>
    /// Keeps what is announced until <paramref name="deadline"/>, or until the earlier moment that was fixed when it
    /// began to be held: nothing but an announcement by the client extends it.
    /// </summary>
    public LeaseVip Hold(TimeSpan deadline, string reason) => State == RouteState.Announced
        ? this with { State = RouteState.Held, HeldUntil = deadline, Reason = reason }
        : this with { Reason = reason };

    /// <summary>Announces no more.</summary>
    public LeaseVip Withdraw(string reason) =>
        this with { State = RouteState.Withdrawn, HeldUntil = null, Reason = reason };

    /// <summary>Without line breaks and other control characters, and bounded.</summary>
    internal static string OneLine(string text, int maximum)
    {
        var bounded = text.Length > maximum ? text.AsSpan(0, maximum) : text;
        return string.Create(bounded.Length, bounded, (line, source) =>
        {
            for (var i = 0; i < line.Length; i++)
                line[i] = char.IsControl(source[i]) ? ' ' : source[i];
        });
    }

    private static string Or(string text, string fallback) => text.Length > 0 ? text : fallback;

    private LeaseVip WithRoutes(ValueList<RouteDeclaration> declared, AllowList allowList)
    {
        var routes = new List<DesiredRoute>(declared.Count);
        var refused = new List<RefusedRoute>();
        var seen = new HashSet<Prefix>(declared.Count);
        foreach (var route in declared)
        {
            if (!Prefix.TryParse(route.Prefix, out var prefix))
                Refuse(route, RefusalReason.Malformed, $"\"{OneLine(route.Prefix, PrefixTextMaximum)}\" is not a "
                    + "prefix in CIDR form without host bits, like 203.0.113.50/32");
            else if (!seen.Add(prefix))
                Refuse(route, RefusalReason.Malformed, $"VIP {Name} names {prefix} twice: once will do");
            else if (FindFault(route) is { } fault)
                Refuse(route, RefusalReason.Malformed, $"{prefix}: {fault}");
            else if (allowList.Judge(prefix) is { } obstacle)
                Refuse(route, RefusalReason.NotAllowed, obstacle);
            else
                routes.Add(new(prefix, route.Attributes.Normalized(), Normalized(route.PeerAttributes)));
        }
        if (declared.Count == 0)
            refused.Add(new(Name, "", RefusalReason.Malformed, $"VIP {Name} names no prefix to announce"));
        return this with { Declared = declared, Routes = routes.ToValueList(), Refused = refused.ToValueList() };

        void Refuse(RouteDeclaration route, RefusalReason reason, string text) =>
            refused.Add(new(Name, OneLine(route.Prefix, PrefixTextMaximum), reason, text));
    }

    private static string? FindFault(RouteDeclaration route)
    {
        if ((route.Fault ?? route.Attributes.FindFault()) is { } fault)
            return fault;
        foreach (var own in route.PeerAttributes)
        {
            if (own.Attributes.FindFault() is { } ownFault)
                return $"for peer {own.Peer}: {ownFault}";
        }
        return null;
    }

    private static ValueList<PeerAttributes> Normalized(ValueList<PeerAttributes> peerAttributes) =>
        peerAttributes.Count == 0 ? [] : peerAttributes
            .OrderBy(own => own.Peer, StringComparer.Ordinal)
            .Select(own => own with { Attributes = own.Attributes.Normalized() })
            .ToValueList();
}
