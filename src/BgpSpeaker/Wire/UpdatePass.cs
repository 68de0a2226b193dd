namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>The state of one pass over one UPDATE.</summary>
internal ref struct UpdatePass
{
    private readonly ReadOnlySpan<byte> _message;
    private readonly UpdateContext _context;

    private SeenAttributes _seen;
    private MpNlri _reach;
    private MpNlri _unreach;
    private Severity _severity;
    private UpdateFault _fault;
    private AttributeCode? _faultAttribute;
    private int _faultOffset;
    private int _faultLength;
    private int _discarded;
    private int _attributeCount;

    public UpdatePass(ReadOnlySpan<byte> message, in UpdateContext context)
    {
        _message = message;
        _context = context;
    }

    public UpdateOutcome Run(out UpdateView view)
    {
        view = default;
        var cursor = new WireCursor(_message);
        cursor.TryTake(Math.Min(MessageSize.Header, _message.Length), out _);
        // RFC 4271 section 6.3: lengths beyond the message make a Malformed Attribute List.
        if (!cursor.TryReadUInt16(out var withdrawnLength) || !cursor.TryTake(withdrawnLength, out var withdrawn))
            return Reset(UpdateFault.WithdrawnRoutesOverrun, cursor.Position);
        if (!cursor.TryReadUInt16(out var attributesLength))
            return Reset(UpdateFault.WithdrawnRoutesOverrun, cursor.Position);
        var attributesOffset = cursor.Position;
        if (!cursor.TryTake(attributesLength, out var attributes))
            return Reset(UpdateFault.AttributesOverrun, attributesOffset);
        var nlri = cursor.Rest;

        if (!NlriReader.TryCount(withdrawn, isIPv6: false, _context.AddPathIPv4, out var withdrawnCount))
            Report(UpdateFault.InvalidPrefix, Severity.SessionReset, null, MessageSize.Header + sizeof(ushort), 0);
        if (!NlriReader.TryCount(nlri, isIPv6: false, _context.AddPathIPv4, out var announcedCount))
            Report(UpdateFault.InvalidPrefix, Severity.SessionReset, null, cursor.Position, 0);
        DecodeAttributes(attributes, attributesOffset);
        CheckMandatory(hasNlri: !nlri.IsEmpty && _context.IPv4Unicast);
        ResetWithoutNlri(hasNlri: !nlri.IsEmpty);

        view = new()
        {
            WithdrawnRoutes = _context.IPv4Unicast ? withdrawn : default,
            Attributes = attributes,
            Nlri = _context.IPv4Unicast ? nlri : default,
            MpReachNlri = _reach.IsCarried ? _reach.Nlri : default,
            MpReachIsIPv6 = _reach.IsIPv6,
            MpUnreachNlri = _unreach.IsCarried ? _unreach.Nlri : default,
            MpUnreachIsIPv6 = _unreach.IsIPv6,
        };
        return _severity == Severity.SessionReset ? Faulty() : Counted(withdrawnCount, announcedCount);
    }

    private void DecodeAttributes(ReadOnlySpan<byte> attributes, int offset)
    {
        var reader = new AttributeReader(attributes);
        while (_severity < Severity.SessionReset && reader.TryNext(out var attribute))
        {
            _attributeCount++;
            DecodeAttribute(attribute, offset);
        }
        if (_severity < Severity.SessionReset && !reader.Leftover.IsEmpty)
            ReportLeftover(reader.Leftover, offset + reader.Position);
    }

    private void DecodeAttribute(in RawAttribute attribute, int offset)
    {
        offset += attribute.Offset;
        var fault = AttributeJudge.Judge(ref _seen, attribute, _context, out var severity);
        if (fault != UpdateFault.None)
            Report(fault, severity, attribute, offset);
        var isMultiprotocol = attribute.Code is AttributeCode.MpReachNlri or AttributeCode.MpUnreachNlri;
        if (isMultiprotocol && severity < Severity.SessionReset)
            TakeMultiprotocol(attribute, offset);
    }

    // Wrong flags or a bad next hop do not hide the prefixes: treat-as-withdraw needs them (RFC 7606 section 3 j).
    private void TakeMultiprotocol(in RawAttribute attribute, int offset)
    {
        var fault = attribute.Code == AttributeCode.MpReachNlri
            ? MpNlri.ParseReach(attribute.Value, _context, out _reach)
            : MpNlri.ParseUnreach(attribute.Value, _context, out _unreach);
        if (fault is not (UpdateFault.None or UpdateFault.UnusableNextHop))
            Report(fault, Severity.SessionReset, attribute, offset);
    }

    private void ReportLeftover(ReadOnlySpan<byte> leftover, int offset)
    {
        const int ShortestAttribute = 3;
        _attributeCount++;
        var fault = leftover.Length < ShortestAttribute ? UpdateFault.LeftoverOctets : UpdateFault.AttributeOverrun;
        AttributeCode? code = leftover.Length > 1 ? (AttributeCode)leftover[1] : null;
        // RFC 7606 section 3 j: treat-as-withdraw needs the multiprotocol attributes whole.
        var hidesRoutes = fault == UpdateFault.AttributeOverrun
            && code is AttributeCode.MpReachNlri or AttributeCode.MpUnreachNlri;
        Report(fault, hidesRoutes ? Severity.SessionReset : Severity.TreatAsWithdraw, code, offset, leftover.Length);
    }

    private void CheckMandatory(bool hasNlri)
    {
        var announces = hasNlri || _reach.Count > 0;
        if (!announces || _severity == Severity.SessionReset)
            return;
        // RFC 7606 section 3 d: "If any of the well-known mandatory attributes are not present in an UPDATE message,
        // then 'treat-as-withdraw' MUST be used."
        Require(AttributeCode.Origin);
        Require(AttributeCode.AsPath);
        if (hasNlri)
            Require(AttributeCode.NextHop);
        if (!_context.IsExternal)
            Require(AttributeCode.LocalPref);
    }

    private void Require(AttributeCode code)
    {
        if (!_seen.Contains(code))
            Report(UpdateFault.MissingAttribute, Severity.TreatAsWithdraw, code, 0, 0);
    }

    // RFC 7606 section 5.2: attributes other than MP_UNREACH_NLRI without reachable routes leave a doubt whether the
    // routes were found; so any error beyond attribute discard resets the session. A loop or a leak is no error.
    private void ResetWithoutNlri(bool hasNlri)
    {
        var hasReachable = hasNlri || !_reach.Nlri.IsEmpty;
        var isWithdrawOnly = _attributeCount == 1 && _seen.Contains(AttributeCode.MpUnreachNlri);
        var isError = _severity == Severity.TreatAsWithdraw && !UpdateFaultTable.IsExclusion(_fault);
        if (isError && !hasReachable && !isWithdrawOnly)
            _severity = Severity.SessionReset;
    }

    private void Report(UpdateFault fault, Severity severity, in RawAttribute attribute, int offset) =>
        Report(fault, severity, attribute.Code, offset, attribute.Length);

    private void Report(UpdateFault fault, Severity severity, AttributeCode? code, int offset, int length)
    {
        if (severity == Severity.AttributeDiscard)
            _discarded++;
        var isStronger = severity > _severity
            || (severity == _severity && UpdateFaultTable.IsExclusion(_fault) && !UpdateFaultTable.IsExclusion(fault));
        if (!isStronger)
            return;
        _severity = severity;
        _fault = fault;
        _faultAttribute = code;
        _faultOffset = offset;
        _faultLength = length;
    }

    private UpdateOutcome Reset(UpdateFault fault, int offset)
    {
        Report(fault, Severity.SessionReset, null, offset, 0);
        return Faulty();
    }

    private readonly UpdateOutcome Faulty() => new()
    {
        Severity = _severity,
        Fault = _fault,
        Attribute = _faultAttribute,
        Offset = _faultOffset,
        FaultLength = _faultLength,
        DiscardedAttributes = _discarded,
    };

    private readonly UpdateOutcome Counted(int withdrawnCount, int announcedCount)
    {
        var isWithdrawn = _severity == Severity.TreatAsWithdraw;
        var announcedIPv4 = (_context.IPv4Unicast ? announcedCount : 0) + (_reach.IsIPv6 ? 0 : _reach.Count);
        var announcedIPv6 = _reach.IsIPv6 ? _reach.Count : 0;
        var withdrawnIPv4 = (_context.IPv4Unicast ? withdrawnCount : 0) + (_unreach.IsIPv6 ? 0 : _unreach.Count);
        var withdrawnIPv6 = _unreach.IsIPv6 ? _unreach.Count : 0;
        return Faulty() with
        {
            AnnouncedIPv4 = isWithdrawn ? 0 : announcedIPv4,
            AnnouncedIPv6 = isWithdrawn ? 0 : announcedIPv6,
            WithdrawnIPv4 = withdrawnIPv4 + (isWithdrawn ? announcedIPv4 : 0),
            WithdrawnIPv6 = withdrawnIPv6 + (isWithdrawn ? announcedIPv6 : 0),
            EndOfRib = EndOfRib(),
        };
    }

    // RFC 4724 section 2: an UPDATE without anything, or with an empty MP_UNREACH_NLRI and nothing else.
    private readonly Family? EndOfRib()
    {
        if (_message.Length == MessageSize.MinimumUpdate)
            return _context.IPv4Unicast ? Family.IPv4Unicast : null;
        const int EmptyUnreachShort = 6;
        const int EmptyUnreachExtended = 7;
        var octets = _message.Length - MessageSize.MinimumUpdate;
        return octets is EmptyUnreachShort or EmptyUnreachExtended && _unreach.IsCarried && _unreach.Nlri.IsEmpty
            ? _unreach.Family
            : null;
    }
}
